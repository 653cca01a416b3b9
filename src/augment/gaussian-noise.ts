/** Additive Gaussian noise, independent in every pixel and channel, not cut off. */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { normal } from "../random/index.js";
import { type Augmentation, sameShape } from "./augmentation.js";

/** Draws float32 [height, width, channels]: the noise. @param sigma standard deviation for pixels in 0 … 1 */
export function gaussianNoise({ sigma = 0.5 }: { sigma?: number } = {}): Augmentation {
  return {
    name: "gaussianNoise",
    outputShape: sameShape,
    draw(key, shape) {
      const noise = normal(key, shape[0] * shape[1] * shape[2]);
      for (let i = 0; i < noise.length; i++) noise[i]! *= sigma;
      return hostTensor(noise, shape);
    },
    apply: (images, drawn) => tf.add(images, drawn) as tf.Tensor4D,
  };
}
