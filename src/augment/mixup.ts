/**
 * Mixup (Zhang et al. 2018, arXiv 1710.09412): an image and its label are mixed with those of another image of the batch.
 * Who is mixed with whom follows from a random rank of each sample, not from its place in the batch, so the order of a
 * batch does not matter; which samples the batch has does.
 */
import { tf } from "../engine/tf.js";
import { ConfigError } from "../support/errors.js";
import { type Augmentation, type DrawnParameters, perImage, sameShape } from "./augmentation.js";

/** Options of `mixup`. */
export interface MixupOptions {
  /** The weight of the image itself has the distribution Beta(alpha, alpha); 0.2 by default. */
  readonly alpha?: number | undefined;
  /** One weight for the whole batch; false by default. */
  readonly sameWeight?: boolean | undefined;
}

/** Draws float32 weight, of the image itself, and int32 partner, the other image's place in the batch. */
export function mixup({ alpha = 0.2, sameWeight = false }: MixupOptions = {}): Augmentation {
  if (!(alpha > 0)) throw new ConfigError(`mixup.alpha: expected a number above 0, got ${alpha}`);
  return {
    name: "mixup",
    outputShape: sameShape,
    parameters: () => ({ weight: { dtype: "float32" }, partner: { dtype: "int32" } }),
    draw(stream, { weight, partner }, row) {
      // For now the sample's rank; drawTogether makes it a place.
      partner![row] = stream.word();
      weight![row] = stream.symmetricBeta(alpha);
    },
    drawTogether({ weight, partner }, batch) {
      const byRank = Array.from({ length: batch }, (_, i) => i).sort((a, b) => partner![a]! - partner![b]!);
      byRank.forEach((place, i) => {
        partner![place] = byRank[(i + 1) % batch]!;
      });
      if (sameWeight) weight!.fill(weight![byRank[0]!]!);
    },
    apply: (images, drawn) => mix(images, drawn, perImage(drawn.weight)),
    labels: (labels, drawn) => mix(labels, drawn, tf.reshape(drawn.weight!, [-1, 1])),
  };
}

function mix<T extends tf.Tensor>(x: T, { partner }: DrawnParameters<tf.Tensor>, weight: tf.Tensor): T {
  const other = tf.gather(x, partner as tf.Tensor1D);
  return tf.add(tf.mul(x, weight), tf.mul(other, tf.sub(1, weight)));
}
