/** What the losses share: checked shapes, rows of length 1, masks, and pairs of views. */
import { type HostTensor, hostZeros } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { formatShape, ShapeError } from "../support/errors.js";

/**
 * The negatives of a contrastive loss: the other images of the batch, none at all (the loss only attracts), or the
 * embeddings [count, dimensions] of other images, which then are the only ones.
 */
export type Negatives = "batch" | "none" | tf.Tensor2D;

/** Rows of length 1. */
export function normalise(z: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(z, tf.rsqrt(tf.add(tf.sum(tf.square(z), 1, true), 1e-12))) as tf.Tensor2D;
}

/** The cosine of each row of `a` with the same row of `b`, [rows]. */
export function cosines(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor1D {
  return tf.sum(tf.mul(normalise(a), normalise(b)), 1) as tf.Tensor1D;
}

/** The matrix that is 1 on the diagonal and on `shifts` beside it, wrapped around, and 0 elsewhere. */
export function diagonals(n: number, ...shifts: number[]): HostTensor {
  const matrix = hostZeros([n, n]);
  for (const shift of [0, ...shifts]) for (let i = 0; i < n; i++) matrix.data[i * n + ((i + shift) % n)] = 1;
  return matrix;
}

/**
 * Takes entries out of a logsumexp of cosines over τ: what is subtracted where `mask` is 1. Cosines lie in −1 … 1, so
 * this leaves such a term at e^−30 of the largest or below.
 */
export function without(mask: tf.Tensor, temperature: number): tf.Tensor {
  return tf.mul(mask, 2 / temperature + 30);
}

/**
 * Checks that two views have one shape.
 * @param least the smallest batch that the loss is defined for
 * @throws ShapeError
 */
export function checkViews(z1: tf.Tensor2D, z2: tf.Tensor2D, least: number): void {
  const [n, width] = z1.shape;
  if (n !== z2.shape[0] || width !== z2.shape[1] || n < least)
    throw new ShapeError(
      `views: expected two of one shape [${least} or more, dimensions], got ${formatShape(z1.shape)} and ${formatShape(z2.shape)}`,
    );
}

/** Checks that given negatives have the width of the embeddings. @throws ShapeError */
export function checkNegatives(negatives: Negatives, width: number): void {
  if (typeof negatives === "string") return;
  if (negatives.rank !== 2 || negatives.shape[1] !== width || negatives.shape[0] < 1)
    throw new ShapeError(
      `negatives: expected [1 or more, ${width}] as the views have, got ${formatShape(negatives.shape)}`,
    );
}

/** The mean of a loss over all pairs of views; of two views it is the loss itself. */
export function overPairs<T>(views: readonly T[], loss: (a: T, b: T) => tf.Scalar): tf.Scalar {
  const losses = views.flatMap((a, i) => views.slice(i + 1).map((b) => loss(a, b)));
  if (losses.length === 0) throw new ShapeError(`views: expected 2 or more, got ${views.length}`);
  return losses.length === 1 ? losses[0]! : (tf.div(tf.addN(losses), losses.length) as tf.Scalar);
}
