/**
 * Additive Gaussian noise, independent in every pixel and channel, not cut off: the only augmentation of the paper's
 * noise-only recipe. FFCV-SSL has no such operation.
 */
import { tf } from "../engine/tf.js";
import { normal } from "../random/index.js";
import { type Augmentation, sameShape } from "./augmentation.js";
import { checkRange, type Range } from "./check.js";

/** Options of `gaussianNoise`. */
export interface GaussianNoiseOptions {
  /** Standard deviation for pixels in 0 … 1, or the range from which each sample's is drawn; 0.5 by default. */
  readonly sigma?: number | Range | undefined;
}

/** Draws float32 noise [channels, height, width]. */
export function gaussianNoise(options: GaussianNoiseOptions = {}): Augmentation {
  const { sigma = 0.5 } = options;
  const [low, high] = checkRange(
    "gaussianNoise.sigma",
    typeof sigma === "number" ? [sigma, sigma] : sigma,
    0,
  );
  return {
    name: "gaussianNoise",
    outputShape: sameShape,
    parameters: ([height, width, channels]) => ({
      noise: { dtype: "float32", shape: [channels, height, width] },
    }),
    draw(stream, into, row, [height, width, channels]) {
      const size = height * width * channels;
      const noise = (into.noise as Float32Array).subarray(row * size, (row + 1) * size);
      normal(stream.key, noise, low === high ? low : stream.between(low, high));
    },
    apply: (images, { noise }) => tf.add(images, noise!) as tf.Tensor4D,
  };
}
