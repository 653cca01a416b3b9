/** How representations lie: alignment and uniformity on the sphere, and how alike two representations are (CKA). */
import type { HostTensor } from "../engine/host.js";
import { formatShape, ShapeError } from "../support/errors.js";
import { checkMatrix } from "./features.js";

function checkAlike(a: HostTensor, b: HostTensor): [number, number] {
  if (formatShape(a.shape) !== formatShape(b.shape))
    throw new ShapeError(
      `views: expected two of one shape, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  return checkMatrix(a, "first view");
}

function unitRows({ data }: HostTensor, rows: number, width: number): Float64Array {
  const out = Float64Array.from(data);
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * width, (i + 1) * width);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (norm > 0)
      row.forEach((value, j) => {
        row[j] = value / norm;
      });
  }
  return out;
}

/**
 * Alignment (Wang and Isola 2020, arXiv 2005.10242, eq. 2): the mean of ‖x − y‖^α over positive pairs, rows of two
 * matrices [pairs, dimensions], scaled to length 1. 0 is perfect.
 */
export function alignment(x: HostTensor, y: HostTensor, alpha = 2): number {
  const [rows, width] = checkAlike(x, y);
  const [a, b] = [unitRows(x, rows, width), unitRows(y, rows, width)];
  let total = 0;
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let j = i * width; j < (i + 1) * width; j++) square += (a[j]! - b[j]!) ** 2;
    total += square ** (alpha / 2);
  }
  return total / rows;
}

/**
 * Uniformity (the same, eq. 3): log of the mean of exp(−t·‖x − y‖²) over all pairs of different samples, scaled to
 * length 1. The lower, the more evenly they spread over the sphere; 0 when all agree.
 */
export function uniformity(features: HostTensor, t = 2): number {
  const [rows, width] = checkMatrix(features, "features");
  if (rows < 2) throw new ShapeError(`features: expected two samples or more, got ${rows}`);
  const x = unitRows(features, rows, width);
  let total = 0;
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < i; k++) {
      let square = 0;
      for (let j = 0; j < width; j++) square += (x[i * width + j]! - x[k * width + j]!) ** 2;
      total += Math.exp(-t * square);
    }
  return Math.log((2 * total) / (rows * (rows - 1)));
}

/**
 * Linear centred kernel alignment (Kornblith et al. 2019, arXiv 1905.00414): ‖YᵀX‖² / (‖XᵀX‖·‖YᵀY‖) of centred
 * features of the same samples. 1 for representations that differ by a rotation and a scale, 0 for unrelated ones.
 */
export function cka(x: HostTensor, y: HostTensor): number {
  const [rows, width] = checkMatrix(x, "first features");
  const [others, otherWidth] = checkMatrix(y, "second features");
  if (rows !== others)
    throw new ShapeError(`second features: expected ${rows} samples as in the first, got ${others}`);
  const [a, b] = [centred(x, rows, width), centred(y, rows, otherWidth)];
  const cross = squaredProduct(a, width, b, otherWidth, rows);
  const own = squaredProduct(a, width, a, width, rows) * squaredProduct(b, otherWidth, b, otherWidth, rows);
  return own === 0 ? 0 : cross / Math.sqrt(own);
}

function centred({ data }: HostTensor, rows: number, width: number): Float64Array {
  const mean = new Float64Array(width);
  data.forEach((value, i) => {
    mean[i % width]! += value / rows;
  });
  const result = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = data[i]! - mean[i % width]!;
  return result;
}

/** ‖aᵀb‖², Frobenius. */
function squaredProduct(
  a: Float64Array,
  width: number,
  b: Float64Array,
  other: number,
  rows: number,
): number {
  const product = new Float64Array(width * other);
  for (let i = 0; i < rows; i++)
    for (let p = 0; p < width; p++) {
      const value = a[i * width + p]!;
      for (let q = 0; q < other; q++) product[p * other + q]! += value * b[i * other + q]!;
    }
  return product.reduce((sum, value) => sum + value * value, 0);
}
