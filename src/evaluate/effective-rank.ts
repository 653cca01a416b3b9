/**
 * How many dimensions a representation really uses. The effective rank (Roy and Vetterli 2007) is the exponential of the
 * entropy of the singular values, divided by their sum: 1 when all samples lie on a line, the number of dimensions when
 * they spread alike in all. A representation that collapses shows it here before accuracy does.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { HostTensor } from "../engine/host.js";
import { checkMatrix } from "./features.js";

export interface EffectiveRankOptions {
  /** Whether the mean of the samples is taken off first (default): it says nothing of how they differ. */
  readonly centre?: boolean;
  /** At most so many samples are used, the first ones; 2,048 by default. */
  readonly samples?: number;
}

/** The effective rank of [samples, dimensions]; 0 when all samples are equal. */
export function effectiveRank(features: HostTensor, options: EffectiveRankOptions = {}): number {
  const values = singularValues(features, { centre: true, ...options });
  const total = values.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 0;
  let entropy = 0;
  for (const value of values) if (value > 0) entropy -= (value / total) * Math.log(value / total);
  return Math.exp(entropy);
}

/**
 * RankMe (Garrido et al. 2023, arXiv 2210.02885, eq. 1): the same of the samples as they are, with 1e-7 added to each
 * share. It predicts downstream accuracy without labels.
 */
export function rankMe(features: HostTensor, options: EffectiveRankOptions = {}): number {
  const values = singularValues(features, { centre: false, ...options });
  const total = values.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 0;
  let entropy = 0;
  for (const value of values) {
    const share = value / total + 1e-7;
    entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}

/** The singular values, in float64, by the eigenvalues of the smaller Gram matrix; largest first. */
export function singularValues(
  features: HostTensor,
  { centre = false, samples = 2048 }: EffectiveRankOptions = {},
): number[] {
  const [count, width] = checkMatrix(features, "features");
  const rows = Math.min(count, samples);
  const x = Float64Array.from(features.data.subarray(0, rows * width));
  if (centre) subtractMean(x, rows, width);
  const gram = rows < width ? rowProducts(x, rows, width) : columnProducts(x, rows, width);
  const { realEigenvalues } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  // What rounding leaves of a zero is no dimension.
  const noise = Math.max(...realEigenvalues) * 1e-13 * Math.max(rows, width);
  return realEigenvalues.map((value) => (value > noise ? Math.sqrt(value) : 0)).sort((a, b) => b - a);
}

function subtractMean(x: Float64Array, rows: number, width: number): void {
  const mean = new Float64Array(width);
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) mean[j]! += x[i * width + j]! / rows;
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) x[i * width + j]! -= mean[j]!;
}

/** xᵀx */
function columnProducts(x: Float64Array, rows: number, width: number): Matrix {
  const sums = Array.from({ length: width }, () => new Float64Array(width));
  for (let i = 0; i < rows; i++) {
    const row = x.subarray(i * width, (i + 1) * width);
    for (let a = 0; a < width; a++) {
      const value = row[a]!;
      if (value === 0) continue;
      const out = sums[a]!;
      for (let b = a; b < width; b++) out[b]! += value * row[b]!;
    }
  }
  return symmetric(sums);
}

/** x·xᵀ */
function rowProducts(x: Float64Array, rows: number, width: number): Matrix {
  const sums = Array.from({ length: rows }, () => new Float64Array(rows));
  for (let a = 0; a < rows; a++)
    for (let b = a; b < rows; b++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += x[a * width + j]! * x[b * width + j]!;
      sums[a]![b] = sum;
    }
  return symmetric(sums);
}

function symmetric(upper: readonly Float64Array[]): Matrix {
  const matrix = new Matrix(upper.length, upper.length);
  upper.forEach((row, a) => {
    for (let b = a; b < row.length; b++) {
      matrix.set(a, b, row[b]!);
      matrix.set(b, a, row[b]!);
    }
  });
  return matrix;
}
