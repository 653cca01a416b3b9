/**
 * InfoNCE with keys from a queue, the loss of MoCo (He et al. 2020, arXiv 1911.05722, eq. 1): a query against its own
 * key and the keys of earlier batches. Mean over N of −s_pos + logsumexp(the positive and the queue).
 */
import { stopGradient } from "../engine/stop-gradient.js";
import { tf } from "../engine/tf.js";
import { checkNegatives, checkViews, normalise } from "./embeddings.js";

/** Options of `moco`. */
export interface MocoOptions {
  /** τ; 0.2 by default, as in MoCo v2 (arXiv 2003.04297). */
  readonly temperature?: number;
}

/**
 * @param queries [N, dimensions]
 * @param keys [N, dimensions], the teacher's embeddings of other views; no gradient flows into them
 * @param negatives [count, dimensions], the queue, held fixed as well; or "none": then the loss only attracts
 * @returns a scalar
 */
export function moco(
  queries: tf.Tensor2D,
  keys: tf.Tensor2D,
  negatives: tf.Tensor2D | "none",
  { temperature = 0.2 }: MocoOptions = {},
): tf.Scalar {
  checkViews(queries, keys, 1);
  checkNegatives(negatives, queries.shape[1]);
  const q = normalise(queries);
  const positive = tf.div(tf.sum(tf.mul(q, stopGradient(normalise(keys))), 1, true), temperature);
  if (negatives === "none") return tf.neg(tf.mean(positive)) as tf.Scalar;
  const others = tf.div(tf.matMul(q, normalise(stopGradient(negatives)), false, true), temperature);
  const logits = tf.concat([positive, others], 1);
  return tf.sub(tf.mean(tf.logSumExp(logits, 1)), tf.mean(positive)) as tf.Scalar;
}
