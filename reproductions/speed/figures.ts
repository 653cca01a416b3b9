/** The paper's figure 1 at our scale, and the paper's own numbers as they were published. */
import { type Figure, figure, interval } from "../../src/figure/index.js";
import { groupBy } from "../../src/support/group.js";
import type { Row } from "../support/protocol.js";
import { factNames } from "./timed.js";

/** A training at the end of an epoch; epoch 0 is the untrained encoder. */
export interface TimedPoint {
  readonly pipeline: string;
  readonly epoch: number;
  readonly seconds: number;
  readonly knn: number;
}

/** The course of a row that was timed. */
export function courseOf(row: Row, untrained: number | undefined): TimedPoint[] {
  const points: TimedPoint[] = [];
  const pipeline = row.condition;
  if (untrained !== undefined) points.push({ pipeline, epoch: 0, seconds: 0, knn: untrained });
  for (let epoch = 1; factNames.seconds(epoch) in row; epoch++)
    points.push({
      pipeline,
      epoch,
      seconds: Number(row[factNames.seconds(epoch)]),
      knn: Number(row[factNames.knn(epoch)]),
    });
  return points;
}

const number = (field: string, title: string) => ({
  field,
  type: "quantitative",
  title,
  scale: { zero: false },
});

/** A line through the means of each pipeline's epochs, and every run as a dot. */
export function accuracyByTime(
  points: readonly TimedPoint[],
  text: { readonly title: string; readonly caption: string },
): Figure {
  const groups = groupBy(points, ({ pipeline, epoch }) => `${pipeline}\u0000${epoch}`);
  const means = [...groups.values()].map((group) => ({
    pipeline: group[0]!.pipeline,
    epoch: group[0]!.epoch,
    seconds: interval(group.map(({ seconds }) => seconds)).mean,
    knn: interval(group.map(({ knn }) => knn)).mean,
  }));
  const encoding = {
    x: number("seconds", "wall time of training, s"),
    y: number("knn", "kNN, % correct"),
    color: { field: "pipeline", type: "nominal", title: null, sort: null, legend: { orient: "top" } },
  };
  return figure(text.title, text.caption, {
    width: 480,
    height: 300,
    encoding,
    layer: [
      { data: { values: points }, mark: { type: "point", filled: false, size: 22, opacity: 0.6 } },
      {
        data: { values: means },
        mark: { type: "line", point: { size: 50 } },
        encoding: {
          order: { field: "epoch" },
          tooltip: ["pipeline", "epoch", "seconds", "knn"].map((field) => ({ field, format: ".1f" })),
        },
      },
    ],
  });
}

/** Figure 1 of arXiv 2303.01986, read off its drawing: ± 0.1 h, ± 0.3 points. A100 GPUs, ResNet-50, 100 epochs. */
const published = [
  { what: "FFCV-SSL, 8 GPUs, 160 → 224 px", hours: 8.2, accuracy: 65.4, place: "above" },
  { what: "FFCV-SSL, 8 GPUs, 224 px", hours: 12, accuracy: 65.4, place: "below" },
  { what: "FFCV-SSL, 1 GPU, 160 → 224 px", hours: 35, accuracy: 64, place: "before" },
  { what: "torchvision, 8 GPUs, 224 px", hours: 31.8, accuracy: 63.3, place: "before" },
];

/** The paper's own curve, as published. */
export function publishedFigure(): Figure {
  const encoding = {
    x: { ...number("hours", "hours of training"), scale: { domain: [0, 40] } },
    y: { ...number("accuracy", "linear probe on ImageNet, % correct"), scale: { domain: [63, 66] } },
  };
  const label = (place: string, mark: object) => ({
    transform: [{ filter: `datum.place === '${place}'` }],
    mark: { type: "text", baseline: "middle", ...mark },
    encoding: { text: { field: "what" } },
  });
  return figure(
    "The paper's own comparison, as published",
    "Figure 1 of arXiv 2303.01986, read off the drawing (± 0.1 h, ± 0.3 points): SimCLR, ResNet-50, 100 epochs, A100 GPUs. At equal resolution 31.8 / 12.0 = 2.6 times as fast, with the ramp 31.8 / 8.2 = 3.9 times.",
    {
      width: 480,
      height: 220,
      data: { values: published },
      encoding,
      layer: [
        {
          mark: { type: "point", size: 90, opacity: 1 },
          encoding: { tooltip: [{ field: "what" }, { field: "hours" }, { field: "accuracy" }] },
        },
        label("above", { align: "left", dx: -5, dy: -15 }),
        label("below", { align: "left", dx: -5, dy: 16 }),
        label("before", { align: "right", dx: -10 }),
      ],
    },
  );
}
