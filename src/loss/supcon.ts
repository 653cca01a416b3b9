/**
 * Supervised contrastive learning (Khosla et al. 2020, arXiv 2004.11362, eq. 2, L_out): all views of the same class
 * attract each other. For each view the mean over its positives p of −s_p + logsumexp(all but itself), then the mean
 * over the views.
 */
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { formatShape, ShapeError } from "../support/errors.js";
import type { ContrastiveOptions } from "./contrastive.js";
import { checkNegatives, diagonals, normalise, without } from "./embeddings.js";

/**
 * @param z [M, dimensions]: all views of all images, M at least 2; of every label there must be two or more
 * @param labels int32 [M]
 * @param options τ is 0.1 by default; negatives of your own stand in the logsumexp beside the positives, in place of the
 * other classes
 * @returns a scalar
 */
export function supcon(
  z: tf.Tensor2D,
  labels: tf.Tensor1D,
  { temperature = 0.1, negatives = "batch" }: ContrastiveOptions = {},
): tf.Scalar {
  const [m, width] = z.shape;
  if (m < 2 || labels.rank !== 1 || labels.shape[0] !== m)
    throw new ShapeError(
      `views: expected [2 or more, dimensions] and as many labels, got ${formatShape(z.shape)} and ${formatShape(labels.shape)}`,
    );
  checkNegatives(negatives, width);
  const unit = normalise(z);
  const similarities = tf.div(tf.matMul(unit, unit, false, true), temperature);
  const self = constant(diagonals(m));
  const same = tf.cast(tf.equal(tf.reshape(labels, [m, 1]), tf.reshape(labels, [1, m])), "float32");
  const positives = tf.sub(same, self);
  const attraction = tf.div(tf.sum(tf.mul(similarities, positives), 1), tf.sum(positives, 1));
  if (negatives === "none") return tf.neg(tf.mean(attraction)) as tf.Scalar;
  const logits =
    negatives === "batch"
      ? tf.sub(similarities, without(self, temperature))
      : tf.concat(
          [
            tf.sub(similarities, without(tf.sub(1, positives), temperature)),
            tf.div(tf.matMul(unit, normalise(negatives), false, true), temperature),
          ],
          1,
        );
  return tf.mean(tf.sub(tf.logSumExp(logits, 1), attraction)) as tf.Scalar;
}
