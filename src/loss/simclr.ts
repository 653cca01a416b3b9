/**
 * NT-Xent, the loss of SimCLR (Chen et al. 2020, arXiv 2002.05709, eq. 1): for each of the 2N views, the other view of
 * its image against the 2N − 2 views of other images, by cosine similarity over τ. As FFCV-SSL has it (`SimCLR` in
 * its losses): mean over 2N of −s_pos + logsumexp(all but itself).
 *
 * With negatives of your own, the logsumexp goes over the positive and these; without any, only −s_pos is left.
 */
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { type ContrastiveOptions, positives } from "./contrastive.js";
import { diagonals, normalise, without } from "./embeddings.js";

/**
 * @param z1 [N, dimensions]: the first view of N images, N at least 2 when the negatives are those of the batch
 * @param z2 [N, dimensions]: the second
 * @param options τ is 0.5 by default
 * @returns a scalar
 */
export function simclr(
  z1: tf.Tensor2D,
  z2: tf.Tensor2D,
  { temperature = 0.5, negatives = "batch" }: ContrastiveOptions = {},
): tf.Scalar {
  const { z, positive } = positives(z1, z2, { temperature, negatives });
  if (negatives === "none") return tf.neg(tf.mean(positive)) as tf.Scalar;
  let logits: tf.Tensor;
  if (negatives === "batch") {
    const similarities = tf.div(tf.matMul(z, z, false, true), temperature);
    logits = tf.sub(similarities, without(constant(diagonals(z.shape[0])), temperature));
  } else {
    const similarities = tf.div(tf.matMul(z, normalise(negatives), false, true), temperature);
    const own = tf.reshape(positive, [-1, 1]);
    logits = tf.concat([tf.concat([own, own], 0), similarities], 1);
  }
  return tf.sub(tf.mean(tf.logSumExp(logits, 1)), tf.mean(positive)) as tf.Scalar;
}
