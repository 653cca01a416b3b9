/** What SimCLR and DCL share: their options, and the positives of two views. */
import { tf } from "../engine/tf.js";
import { checkNegatives, checkViews, type Negatives, normalise } from "./embeddings.js";

/** Options of the contrastive losses. */
export interface ContrastiveOptions {
  /** τ; each loss has its own default. */
  readonly temperature?: number;
  /** "batch" by default. */
  readonly negatives?: Negatives;
}

/**
 * All views, [2N, dimensions], with length 1, and the cosine over τ of the two views of each image, [N].
 * @throws ShapeError when the views have not one shape, are too few, or the negatives another width
 */
export function positives(
  z1: tf.Tensor2D,
  z2: tf.Tensor2D,
  { temperature, negatives }: Required<ContrastiveOptions>,
): { readonly z: tf.Tensor2D; readonly positive: tf.Tensor } {
  checkViews(z1, z2, negatives === "batch" ? 2 : 1);
  checkNegatives(negatives, z1.shape[1]);
  const z = normalise(tf.concat([z1, z2], 0) as tf.Tensor2D);
  const [first, second] = tf.split(z, 2, 0) as [tf.Tensor2D, tf.Tensor2D];
  return { z, positive: tf.div(tf.sum(tf.mul(first, second), 1), temperature) };
}
