/**
 * Gaussian blur with a width of its own for every sample, as torchvision's GaussianBlur: the kernel's size is fixed, the
 * image is mirrored at its border. The kernel of a sample becomes a banded matrix for rows and one for columns.
 */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { ConfigError, ShapeError } from "../support/errors.js";
import type { Augmentation } from "./augmentation.js";
import { checkProbability, checkRange, checkSize, type Range, type Size } from "./check.js";
import { counting, resampler, type Side } from "./resample.js";

/** Options of `gaussianBlur`. */
export interface GaussianBlurOptions {
  /** The range of the standard deviation in pixels; [0.1, 2] by default. */
  readonly sigma?: Range | undefined;
  /** Height and width of the kernel, odd; 5 by default. */
  readonly kernel?: Size | undefined;
  /** How often it is applied; 0.5 by default. */
  readonly probability?: number | undefined;
}

/** Draws float32 sigma, in pixels: 0 where it is not applied. */
export function gaussianBlur(options: GaussianBlurOptions = {}): Augmentation {
  const { probability = 0.5 } = options;
  checkProbability("gaussianBlur.probability", probability);
  const sigmas = checkRange("gaussianBlur.sigma", options.sigma ?? [0.1, 2], 1e-3);
  const kernel = checkSize("gaussianBlur.kernel", options.kernel ?? 5);
  if (kernel.some((size) => size % 2 === 0))
    throw new ConfigError(`gaussianBlur.kernel: expected odd sizes, got ${kernel.join(" × ")}`);
  return resampler({
    name: "gaussianBlur",
    outputShape(shape) {
      if (kernel[0] > 2 * shape[0] - 1 || kernel[1] > 2 * shape[1] - 1)
        throw new ShapeError(
          `gaussianBlur.kernel: expected at most twice the image, less one, got ${kernel.join(" × ")} for [${shape.join(", ")}]`,
        );
      return shape;
    },
    parameters: () => ({ sigma: { dtype: "float32" } }),
    draw(stream, { sigma }, row) {
      const applied = stream.chance(probability);
      sigma![row] = applied * stream.between(...sigmas);
    },
    resampling: ([height, width], { sigma }) => ({
      rows: blurMatrices("rows", sigma!, kernel[0], height),
      columns: blurMatrices("columns", sigma!, kernel[1], width),
    }),
  });
}

/** Banded matrices [batch, length, length] of the kernels. @param sigma [batch] */
function blurMatrices(side: Side, sigma: tf.Tensor, kernel: number, length: number): tf.Tensor3D {
  const radius = (kernel - 1) / 2;
  // A width of 0 leaves the image: all other taps underflow.
  const width = tf.maximum(tf.reshape(sigma, [-1, 1]), 1e-6);
  const taps = tf.exp(tf.mul(tf.square(tf.div(counting(kernel, [1, kernel], -radius), width)), -0.5));
  const weights = tf.div(taps, tf.sum(taps, 1, true)) as tf.Tensor2D;
  return tf.reshape(tf.matMul(weights, bands(side, kernel, length)), [-1, length, length]);
}

/** Of each tap, where it reads: [kernel, length · length], zeros and ones, mirrored at the border. */
function bands(side: Side, kernel: number, length: number): tf.Tensor2D {
  const radius = (kernel - 1) / 2;
  const data = new Float32Array(kernel * length * length);
  for (let tap = 0; tap < kernel; tap++)
    for (let target = 0; target < length; target++) {
      const place = Math.abs(target + tap - radius);
      const source = length - 1 - Math.abs(length - 1 - place);
      const [row, column] = side === "rows" ? [target, source] : [source, target];
      data[(tap * length + row) * length + column]! += 1;
    }
  return constant(hostTensor(data, [kernel, length * length])) as tf.Tensor2D;
}
