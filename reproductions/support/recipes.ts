/** What protocols vary, as parts of a training configuration. */

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

/** The row with the best kNN accuracy. */
export function bestByKnn<R extends { readonly knn: number }>(rows: readonly R[]): R {
  return rows.reduce((best, row) => (row.knn > best.knn ? row : best));
}
