/** Figures that several protocols draw of their rows. */
import { type Figure, heatMap } from "../../src/figure/index.js";
import type { Row } from "./protocol.js";

/** Probe accuracy on held-out training images by learning rate and batch size, as the tuning saw it. */
export function heatMapOfTuning(rows: readonly Row[]): Figure {
  const tuning = rows
    .filter(({ condition }) => condition === "tuning")
    .sort((a, b) => Number(b.lr) - Number(a.lr) || Number(a.batch) - Number(b.batch));
  return heatMap(
    tuning.map((row) => ({ x: row.batch!, y: row.lr!, value: row.linear })),
    {
      title: "Accuracy by learning rate and batch size",
      caption:
        "Linear probe on held-out training images after training from seed 0, for each batch size and learning rate; the best rate of each column is the tuned one.",
      xTitle: "batch size, images",
      yTitle: "learning rate",
      valueTitle: "linear, %",
    },
  );
}
