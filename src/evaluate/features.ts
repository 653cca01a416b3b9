/** Labelled features, the input of every probe: what an encoder (or nothing, for raw pixels) makes of a data set. */
import type { HostTensor } from "../engine/host.js";
import { formatShape, ShapeError } from "../support/errors.js";

/** Representations and the classes of their samples. */
export interface Features {
  /** float32 [count, dimensions] */
  readonly features: HostTensor;
  /** Classes from 0 on, one a sample. */
  readonly labels: Int32Array;
}

/** Count and width. @throws ShapeError unless features are float32 [count, dimensions] with a label each */
export function checkFeatures({ features, labels }: Features, name: string): [number, number] {
  const [count, width] = checkMatrix(features, name);
  if (labels.length !== count)
    throw new ShapeError(`${name}: expected ${count} labels, one a sample, got ${labels.length}`);
  if (labels.some((label) => label < 0)) throw new ShapeError(`${name}: expected labels of 0 or more`);
  return [count, width];
}

/** Rows and columns. @throws ShapeError unless it is float32 [rows, columns] with at least one of each */
export function checkMatrix({ shape, dtype, data }: HostTensor, name: string): [number, number] {
  const [rows, columns] = shape;
  if (shape.length !== 2 || dtype !== "float32" || data.length === 0)
    throw new ShapeError(
      `${name}: expected float32 [samples, dimensions], got ${dtype} ${formatShape(shape)}`,
    );
  return [rows!, columns!];
}

/** Training and test features that belong together: their counts, width and number of classes. */
export function checkPair(
  train: Features,
  test: Features,
): { trainCount: number; testCount: number; width: number; classes: number } {
  const [trainCount, width] = checkFeatures(train, "training features");
  const [testCount, testWidth] = checkFeatures(test, "test features");
  if (width !== testWidth)
    throw new ShapeError(`test features: expected ${width} dimensions as in training, got ${testWidth}`);
  let last = 0;
  for (const { labels } of [train, test]) for (const label of labels) last = Math.max(last, label);
  return { trainCount, testCount, width, classes: last + 1 };
}

/** The share of samples whose prediction is right, 0 … 1. */
export function accuracy(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) right++;
  return right / labels.length;
}
