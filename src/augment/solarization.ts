/** Solarization: turns the bright pixels of an image to their negative, with some probability. */
import { tf } from "../engine/tf.js";
import { type Augmentation, perImage, sameShape } from "./augmentation.js";
import { checkProbability } from "./check.js";

/** Options of `solarization`. */
export interface SolarizationOptions {
  /** Pixels from this value on are turned, in 0 … 1; 128 / 255 by default. */
  readonly threshold?: number | undefined;
  /** How often it is applied; 0.2 by default. */
  readonly probability?: number | undefined;
}

/** Draws int32 solarized: 1 where it is applied. */
export function solarization({
  threshold = 128 / 255,
  probability = 0.2,
}: SolarizationOptions = {}): Augmentation {
  checkProbability("solarization.probability", probability);
  return {
    name: "solarization",
    outputShape: sameShape,
    parameters: () => ({ solarized: { dtype: "int32" } }),
    draw(stream, { solarized }, row) {
      solarized![row] = stream.chance(probability);
    },
    apply(images, { solarized }) {
      // Where it is not applied, no pixel is bright enough. The threshold is rounded as pixels are, so that 128 is turned.
      const from = tf.add(Math.fround(threshold), tf.mul(tf.sub(1, perImage(solarized)), 1e30));
      return tf.where(tf.greaterEqual(images, from), tf.sub(1, images), images);
    },
  };
}
