/** A data set and a configuration so small that a step is made of milliseconds. */
import type { ImageDataset } from "../../../src/data/dataset.js";
import { readConfig } from "../../../src/train/config/parse.js";
import type { TrainConfig } from "../../../src/train/config/schema.js";
import { generator } from "../../support/data.js";

/** Blurred random images in three classes, which differ in brightness. */
export function tinyDataset(count = 24, side = 10): ImageDataset {
  const next = generator(5);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const images = Uint8Array.from({ length: count * side * side }, (_, i) => {
    const label = labels[Math.floor(i / (side * side))]!;
    return 40 + 60 * label + Math.floor(40 * next());
  });
  return {
    name: "tiny",
    images,
    labels,
    count,
    height: side,
    width: side,
    channels: 1,
    classes: ["a", "b", "c"],
  };
}

/** Plain SGD, so that rounding is not scaled up. */
export function tinyConfig(...overrides: string[]): TrainConfig {
  return readConfig(undefined, [
    "encoder.widths=[4,8]",
    "projector=10-6",
    "batch=8",
    "epochs=2",
    "optimiser.name=sgd",
    "optimiser.lr=0.05",
    ...overrides,
  ]);
}
