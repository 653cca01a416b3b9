/**
 * Barlow Twins (Zbontar et al. 2021, arXiv 2103.03230): the cross-correlation of two views' dimensions goes to the
 * identity. As FFCV-SSL has it (`BarlowTwinsLoss`): C = z1ᵀ·z2 / N after a batch norm without scale and shift;
 * Σ (diagonal − 1)² + λ·Σ offdiagonal².
 */
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { checkViews, diagonals } from "./embeddings.js";

export interface BarlowTwinsOptions {
  /** λ, the weight of the redundancy; 0.0051 by default. */
  readonly redundancy?: number;
}

/** The epsilon of PyTorch's batch norm. */
const epsilon = 1e-5;

/**
 * @param z1 [N, dimensions]: the first view of N images, N at least 2
 * @param z2 [N, dimensions]: the second
 * @returns a scalar
 */
export function barlowTwins(
  z1: tf.Tensor2D,
  z2: tf.Tensor2D,
  { redundancy = 0.0051 }: BarlowTwinsOptions = {},
): tf.Scalar {
  checkViews(z1, z2, 2);
  const [n, width] = z1.shape;
  const correlation = tf.div(tf.matMul(standardise(z1), standardise(z2), true, false), n);
  const identity = constant(diagonals(width));
  const distance = tf.square(tf.sub(correlation, identity));
  const weights = tf.add(tf.mul(identity, 1 - redundancy), redundancy);
  return tf.sum(tf.mul(distance, weights)) as tf.Scalar;
}

/** Every dimension with mean 0 and (biased) variance 1 over the batch. */
function standardise(z: tf.Tensor2D): tf.Tensor2D {
  const centred = tf.sub(z, tf.mean(z, 0));
  const variance = tf.mean(tf.square(centred), 0);
  return tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))) as tf.Tensor2D;
}
