/**
 * Brightness and contrast, as torchvision's ColorJitter defines them: brightness multiplies the pixels; contrast moves
 * them from or to the mean of the grey image. Each factor is drawn uniformly from 1 − strength … 1 + strength, and the
 * result is cut to 0 … 1.
 */
import { type HostTensor, hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { type Key, uniform } from "../random/index.js";
import { type Augmentation, sameShape } from "./augmentation.js";

export interface FactorOptions {
  /** 0.4 by default. */
  readonly strength?: number;
  /** How often it is applied; 1 by default. Else the factor is 1. */
  readonly probability?: number;
}

function drawFactor(key: Key, { strength = 0.4, probability = 1 }: FactorOptions): HostTensor {
  const [applied, where] = uniform(key, 2) as unknown as [number, number];
  const low = Math.max(0, 1 - strength);
  const factor = applied < probability ? low + (1 + strength - low) * where : 1;
  return hostTensor(Float32Array.of(factor), []);
}

function perImage(drawn: tf.Tensor): tf.Tensor {
  return tf.reshape(drawn, [-1, 1, 1, 1]);
}

/** Draws float32 []: the factor. */
export function brightness(options: FactorOptions = {}): Augmentation {
  return {
    name: "brightness",
    outputShape: sameShape,
    draw: (key) => drawFactor(key, options),
    apply: (images, drawn) => tf.clipByValue(tf.mul(images, perImage(drawn)), 0, 1) as tf.Tensor4D,
  };
}

/** The weights of red, green and blue in the grey image, ITU-R 601-2. */
const luma = hostTensor(Float32Array.of(0.2989, 0.587, 0.114), [1, 1, 1, 3]);

/** The mean of the grey image, [batch, 1, 1, 1]. */
export function greyMean(images: tf.Tensor4D): tf.Tensor {
  const means = tf.mean(images, [1, 2], true);
  if (images.shape[3] !== 3) return tf.mean(means, 3, true);
  return tf.sum(tf.mul(means, constant(luma)), 3, true);
}

/** Draws float32 []: the factor. */
export function contrast(options: FactorOptions = {}): Augmentation {
  return {
    name: "contrast",
    outputShape: sameShape,
    draw: (key) => drawFactor(key, options),
    apply(images, drawn) {
      const factor = perImage(drawn);
      const shift = tf.mul(greyMean(images), tf.sub(1, factor));
      return tf.clipByValue(tf.add(tf.mul(images, factor), shift), 0, 1) as tf.Tensor4D;
    },
  };
}
