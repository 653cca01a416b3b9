/**
 * SimSiam (Chen and He 2021, arXiv 2011.10566, eq. 2): BYOL without a teacher; the prediction from one view reaches the
 * embedding of the other, through which no gradient flows. −½·(mean cos(p1, z2) + mean cos(p2, z1)), from 0 to −1.
 */
import { tf } from "../engine/tf.js";
import { crossed, type Twice } from "./byol.js";

/** @param predictions embeddings through the predictor @param embeddings of the same views @returns a scalar */
export function simsiam(predictions: Twice, embeddings: Twice): tf.Scalar {
  return tf.mul(tf.add(...crossed(predictions, embeddings)), -0.5) as tf.Scalar;
}
