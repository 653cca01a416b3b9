/**
 * NT-Xent, the loss of SimCLR (Chen et al. 2020, arXiv 2002.05709, eq. 1): for each of the 2N views, the other view of
 * its image against the 2N − 2 views of other images, by cosine similarity over τ. As FFCV-SSL has it (`SimCLR` in
 * its losses): mean over 2N of −s_pos + logsumexp(all but itself).
 */

import { type HostTensor, hostZeros } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { formatShape, ShapeError } from "../support/errors.js";

export interface SimclrOptions {
  /** τ; 0.5 by default. */
  readonly temperature?: number;
}

/** Rows of length 1. */
export function normalise(z: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(z, tf.rsqrt(tf.add(tf.sum(tf.square(z), 1, true), 1e-12))) as tf.Tensor2D;
}

function identity(n: number): HostTensor {
  const matrix = hostZeros([n, n]);
  for (let i = 0; i < n; i++) matrix.data[i * (n + 1)] = 1;
  return matrix;
}

/** @param z1, z2 [N, dimensions]: two views of N images, N at least 2 @returns a scalar */
export function simclr(
  z1: tf.Tensor2D,
  z2: tf.Tensor2D,
  { temperature = 0.5 }: SimclrOptions = {},
): tf.Scalar {
  const [n, width] = z1.shape;
  if (n !== z2.shape[0] || width !== z2.shape[1] || n < 2)
    throw new ShapeError(
      `views: expected two of one shape [2 or more, dimensions], got ${formatShape(z1.shape)} and ${formatShape(z2.shape)}`,
    );
  const z = normalise(tf.concat([z1, z2], 0) as tf.Tensor2D);
  const similarities = tf.div(tf.matMul(z, z, false, true), temperature);
  // A view is no negative of itself: cosines are at most 1, so this leaves its term at e^−30 of the largest or below.
  const others = tf.sub(similarities, tf.mul(constant(identity(2 * n)), 2 / temperature + 30));
  const [first, second] = tf.split(z, 2, 0) as [tf.Tensor2D, tf.Tensor2D];
  const positive = tf.div(tf.sum(tf.mul(first, second), 1), temperature);
  return tf.sub(tf.mean(tf.logSumExp(others, 1)), tf.mean(positive)) as tf.Scalar;
}
