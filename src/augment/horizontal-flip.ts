/** Mirrors an image left to right with some probability. */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { uniform } from "../random/index.js";
import { type Augmentation, sameShape } from "./augmentation.js";

/** Draws float32 []: 1 to flip, 0 to leave. */
export function horizontalFlip({ probability = 0.5 }: { probability?: number } = {}): Augmentation {
  return {
    name: "horizontalFlip",
    outputShape: sameShape,
    draw: (key) => hostTensor(Float32Array.of(uniform(key, 1)[0]! < probability ? 1 : 0), []),
    apply(images, drawn) {
      const flip = tf.reshape(drawn, [-1, 1, 1, 1]);
      return tf.add(tf.mul(tf.reverse(images, 2), flip), tf.mul(images, tf.sub(1, flip))) as tf.Tensor4D;
    },
  };
}
