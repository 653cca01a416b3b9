/** Cross-entropy of class scores, the loss of a supervised encoder. As PyTorch's, label smoothing included. */
import { tf } from "../engine/tf.js";
import { formatShape, ShapeError } from "../support/errors.js";

/** Options of `supervised`. */
export interface SupervisedOptions {
  /** The share of the target that is spread evenly over all classes; 0 by default. */
  readonly smoothing?: number;
}

/**
 * The mean over N of −log softmax(scores)[label].
 * @param scores [N, classes]
 * @param labels int32 [N], in 0 … classes − 1, or float32 [N, classes], rows that sum to 1, as mixed images have
 * @returns a scalar
 */
export function supervised(
  scores: tf.Tensor2D,
  labels: tf.Tensor1D | tf.Tensor2D,
  { smoothing = 0 }: SupervisedOptions = {},
): tf.Scalar {
  const [n, classes] = scores.shape;
  const mixed = labels.rank === 2 && labels.shape[1] === classes;
  if ((labels.rank !== 1 && !mixed) || labels.shape[0] !== n || n < 1)
    throw new ShapeError(
      `labels: expected [${n}] or [${n}, ${classes}] for scores ${formatShape(scores.shape)}, got ${formatShape(labels.shape)}`,
    );
  const hard = mixed ? labels : tf.cast(tf.oneHot(labels, classes), "float32");
  const target = smoothing === 0 ? hard : tf.add(tf.mul(hard, 1 - smoothing), smoothing / classes);
  const logarithms = tf.sub(scores, tf.logSumExp(scores, 1, true));
  return tf.neg(tf.div(tf.sum(tf.mul(logarithms, target)), n)) as tf.Scalar;
}
