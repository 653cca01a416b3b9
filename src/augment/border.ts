/** What stands beyond the border of an image: a colour, the nearest pixel, or the image mirrored. */
import { tf } from "../engine/tf.js";

/** `constant`: a colour; `edge`: the nearest pixel; `reflect`: mirrored about the border pixel; `symmetric`: about its edge. */
export const borders = ["constant", "edge", "reflect", "symmetric"] as const;
/** What stands beyond the border of an image. */
export type Border = (typeof borders)[number];

/**
 * The pixel of an axis that stands at each place; outside the image only where the border is a constant. Mirrors reach
 * one length of the axis far.
 */
export function placeInside(place: tf.Tensor, length: number, border: Border): tf.Tensor {
  switch (border) {
    case "constant":
      return place;
    case "edge":
      return tf.clipByValue(place, 0, length - 1);
    case "reflect":
      return tf.sub(length - 1, tf.abs(tf.sub(length - 1, tf.abs(place))));
    case "symmetric": {
      const first = tf.sub(tf.abs(tf.add(place, 0.5)), 0.5);
      return tf.sub(length - 0.5, tf.abs(tf.sub(length - 0.5, first)));
    }
  }
}
