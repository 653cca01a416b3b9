/**
 * BYOL (Grill et al. 2020, arXiv 2006.07733, eq. 2): the prediction from one view reaches the teacher's embedding of the
 * other, both of length 1. As FFCV-SSL has it (`ByolLoss`): mean of (2 − 2·cos(p1, t2)) + (2 − 2·cos(p2, t1)).
 */
import { stopGradient } from "../engine/stop-gradient.js";
import { tf } from "../engine/tf.js";
import { checkViews, cosines } from "./embeddings.js";

/** Of each of two views, [N, dimensions]. */
export type Twice = readonly [tf.Tensor2D, tf.Tensor2D];

/**
 * @param predictions the student's, through the predictor
 * @param targets the teacher's embeddings of the same views; no gradient flows into them
 * @returns a scalar
 */
export function byol([p1, p2]: Twice, [t1, t2]: Twice): tf.Scalar {
  const [first, second] = crossed([p1, p2], [t1, t2]);
  return tf.sub(4, tf.mul(tf.add(first, second), 2)) as tf.Scalar;
}

/** mean cos(p1, t2) and mean cos(p2, t1), with the targets held fixed. */
export function crossed([p1, p2]: Twice, [t1, t2]: Twice): [tf.Scalar, tf.Scalar] {
  checkViews(p1, t2, 1);
  checkViews(p2, t1, 1);
  return [
    tf.mean(cosines(p1, stopGradient(t2))) as tf.Scalar,
    tf.mean(cosines(p2, stopGradient(t1))) as tf.Scalar,
  ];
}
