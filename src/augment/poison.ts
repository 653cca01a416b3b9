/**
 * Augmentations of chosen samples, for studies of attacks on training: poison lays a mask over their images, replaceLabel
 * gives them another label.
 */
import { type HostTensor, hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { ConfigError, formatShape, ShapeError } from "../support/errors.js";
import { type Augmentation, type ImageShape, perImage, sameShape } from "./augmentation.js";
import { checkRange, checkWhole, type Range } from "./check.js";

/** Options of `poison`. */
export interface PoisonOptions {
  /** float32 [height, width, channels] or [height, width, 1] in 0 … 1: what is laid over. */
  readonly mask: HostTensor;
  /** Its opacity in 0 … 1: one number, or float32 [height, width]; 1 by default. */
  readonly opacity?: number | HostTensor | undefined;
  /** The numbers, in the data set, of the samples that get it. */
  readonly samples: Iterable<number>;
  /** Pixels of poisoned images are cut to this range; [0, 1] by default. */
  readonly clamp?: Range | undefined;
}

/** Draws int32 poisoned: 1 for the chosen samples. */
export function poison(options: PoisonOptions): Augmentation {
  const { mask, opacity = 1 } = options;
  const clamp = checkRange("poison.clamp", options.clamp ?? [0, 1]);
  const chosen = new Set(options.samples);
  const [height, width, channels] = mask.shape;
  if (mask.shape.length !== 3 || mask.dtype !== "float32")
    throw new ShapeError(
      `poison.mask: expected float32 [height, width, channels], got ${mask.dtype} ${formatShape(mask.shape)}`,
    );
  if (typeof opacity !== "number" && formatShape(opacity.shape) !== formatShape([height!, width!]))
    throw new ShapeError(
      `poison.opacity: expected ${formatShape([height!, width!])} as the mask, got ${formatShape(opacity.shape)}`,
    );
  return {
    name: "poison",
    outputShape(shape: ImageShape) {
      if (height !== shape[0] || width !== shape[1] || (channels !== 1 && channels !== shape[2]))
        throw new ShapeError(
          `poison.mask: expected ${formatShape(shape)} as the image, got ${formatShape(mask.shape)}`,
        );
      return shape;
    },
    parameters: () => ({ poisoned: { dtype: "int32" } }),
    draw(_stream, { poisoned }, row, _shape, sample) {
      poisoned![row] = chosen.has(sample) ? 1 : 0;
    },
    apply(images, { poisoned }) {
      const over = tf.transpose(tf.expandDims(constant(mask) as tf.Tensor3D, 0), [0, 3, 1, 2]);
      const share =
        typeof opacity === "number"
          ? constant(hostTensor(Float32Array.of(opacity), [1, 1, 1, 1]))
          : tf.reshape(constant(opacity), [1, 1, height!, width!]);
      const mixed = tf.add(tf.mul(images, tf.sub(1, share)), tf.mul(over, share));
      const result = tf.clipByValue(mixed, clamp[0], clamp[1]);
      const where = perImage(poisoned);
      return tf.add(tf.mul(images, tf.sub(1, where)), tf.mul(result, where));
    },
  };
}

/**
 * A trigger for {@link poison}: a checkerboard of `size` × `size` pixels in the bottom right corner, as in BadNets
 * (Gu et al. 2017, arXiv 1708.06733).
 * @param strength its opacity in 0 … 1
 */
export function cornerTrigger(
  [height, width]: ImageShape,
  size = 3,
  strength = 1,
): { mask: HostTensor; opacity: HostTensor } {
  checkWhole("trigger", size, 1);
  if (size > Math.min(height, width))
    throw new ConfigError(`trigger: expected at most ${Math.min(height, width)} pixels, got ${size}`);
  const mask = new Float32Array(height * width);
  const opacity = new Float32Array(height * width);
  for (let y = height - size; y < height; y++)
    for (let x = width - size; x < width; x++) {
      opacity[y * width + x] = strength;
      mask[y * width + x] = (height - 1 - y + width - 1 - x) % 2 === 0 ? 1 : 0;
    }
  return { mask: hostTensor(mask, [height, width, 1]), opacity: hostTensor(opacity, [height, width]) };
}

/** Options of `replaceLabel`. */
export interface ReplaceLabelOptions {
  /** The numbers, in the data set, of the samples that get another label. */
  readonly samples: Iterable<number>;
  /** The class that they get. */
  readonly label: number;
}

/** Draws int32 replaced: 1 for the chosen samples. Images are left as they are. */
export function replaceLabel({ samples, label }: ReplaceLabelOptions): Augmentation {
  checkWhole("replaceLabel.label", label);
  const chosen = new Set(samples);
  return {
    name: "replaceLabel",
    outputShape: sameShape,
    parameters: () => ({ replaced: { dtype: "int32" } }),
    draw(_stream, { replaced }, row, _shape, sample) {
      replaced![row] = chosen.has(sample) ? 1 : 0;
    },
    apply: (images) => images,
    labels(labels, { replaced }) {
      const classes = labels.shape[1];
      if (label >= classes)
        throw new ShapeError(`replaceLabel.label: expected a class below ${classes}, got ${label}`);
      const hot = Float32Array.from({ length: classes }, (_, i) => (i === label ? 1 : 0));
      const where = tf.reshape(tf.cast(replaced!, "float32"), [-1, 1]);
      return tf.add(tf.mul(labels, tf.sub(1, where)), tf.mul(constant(hostTensor(hot, [1, classes])), where));
    },
  };
}
