/** What protocols vary, as parts of a training configuration. */
import type { Metric } from "./numbers.js";

/** Views by the standard recipe of the data's kind. */
export const standardViews: object = { preset: "standard" };

/** Views by Gaussian noise alone. @param sigma standard deviation; pixels lie in 0 … 1 */
export function noiseViews(sigma: number): object {
  return { pipelines: [[{ name: "gaussianNoise", sigma }]] };
}

/** SimCLR against one patch of one training image, seen in `copies` views of its own. */
export function patchNegatives(copies: number, more: object = {}): object {
  return { name: "patch", copies, ...more };
}

/** The row with the best accuracy, the first of equals; undefined of none. */
export function bestBy<R extends Readonly<Record<Metric, number>>>(
  metric: Metric,
  rows: readonly R[],
): R | undefined {
  return rows.reduce<R | undefined>(
    (best, row) => (best && best[metric] >= row[metric] ? best : row),
    undefined,
  );
}
