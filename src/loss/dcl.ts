/**
 * Decoupled contrastive learning (Yeh et al. 2022, arXiv 2110.06848, eq. 6): NT-Xent without the positive in the
 * denominator, so that an easy positive does not shrink the gradient of hard negatives; small batches gain the most.
 * Mean over 2N of −s_pos + logsumexp(the 2N − 2 views of other images).
 */
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { type ContrastiveOptions, positives } from "./contrastive.js";
import { diagonals, normalise, without } from "./embeddings.js";

/**
 * @param z1 [N, dimensions]: the first view of N images, N at least 2 when the negatives are those of the batch
 * @param z2 [N, dimensions]: the second
 * @param options τ is 0.1 by default
 * @returns a scalar
 */
export function dcl(
  z1: tf.Tensor2D,
  z2: tf.Tensor2D,
  { temperature = 0.1, negatives = "batch" }: ContrastiveOptions = {},
): tf.Scalar {
  const { z, positive } = positives(z1, z2, { temperature, negatives });
  if (negatives === "none") return tf.neg(tf.mean(positive)) as tf.Scalar;
  const others = negatives === "batch" ? z : normalise(negatives);
  let logits = tf.div(tf.matMul(z, others, false, true), temperature);
  if (negatives === "batch")
    logits = tf.sub(logits, without(constant(diagonals(z.shape[0], z1.shape[0])), temperature));
  return tf.sub(tf.mean(tf.logSumExp(logits, 1)), tf.mean(positive)) as tf.Scalar;
}
