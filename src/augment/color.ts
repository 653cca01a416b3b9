/** Arithmetic of colours on planes [batch, channels, height, width]: mixing with grey, and turning the hue. */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { perImage } from "./augmentation.js";
import { perMatrix } from "./resample.js";

/** The weights of red, green and blue in the grey image, ITU-R 601-2, to the digits that PIL and torchvision use. */
const luma = [0.2989, 0.587, 0.114] as const;

/** A constant tensor of these numbers. */
function numbers(values: readonly number[], shape: number[]): tf.Tensor {
  return constant(hostTensor(Float32Array.from(values), shape));
}

/** The mean of the grey image, [batch, 1, 1, 1]; of images without colours, of all their channels. */
export function greyMean(images: tf.Tensor4D): tf.Tensor4D {
  const [batch, channels] = images.shape;
  if (channels !== 3) return tf.mean(images, [1, 2, 3], true);
  const means = tf.reshape(tf.mean(images, [2, 3]), [batch, 3]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(means, numbers(luma, [3, 1]) as tf.Tensor2D), [batch, 1, 1, 1]);
}

/**
 * grey image + factor · (images − grey image): 3 × 3 numbers for each image, applied to its channels in one product. A factor
 * of 1 leaves the images as they are. @param images [batch, 3, height, width] @param factor [batch]
 */
export function mixWithGrey(images: tf.Tensor4D, factor: tf.Tensor): tf.Tensor4D {
  const share = perMatrix(factor);
  const own = numbers([1, 0, 0, 0, 1, 0, 0, 0, 1], [1, 3, 3]);
  const greys = numbers([...luma, ...luma, ...luma], [1, 3, 3]);
  const mixing = tf.add(tf.mul(own, share), tf.mul(greys, tf.sub(1, share))) as tf.Tensor3D;
  const planes = tf.reshape(images, [images.shape[0], 3, -1]) as tf.Tensor3D;
  return tf.reshape(tf.matMul(mixing, planes), images.shape);
}

/** Cut to 0 … 1. */
export function clip(images: tf.Tensor): tf.Tensor4D {
  return tf.clipByValue(images, 0, 1) as tf.Tensor4D;
}

/**
 * Colours with their hue turned, value and saturation kept (the hexagonal HSV model, as torchvision's adjust_hue).
 *
 * In sixths of a turn, red is at 0, green at 2 and blue at 4. With the largest channel V, the smallest L and C = V − L, a
 * colour lies (C − L + green + blue − red) / C away from red, from 0 to 3, towards green or towards blue: in each of the
 * three sectors of either way, this is the hexagonal hue. A channel is full within one sixth of its own hue and gone beyond two.
 * @param images [batch, 3, height, width] in 0 … 1 @param turn [batch], in turns: 0.5 gives the complement
 */
export function turnHue(images: tf.Tensor4D, turn: tf.Tensor): tf.Tensor4D {
  const [red, green, blue] = tf.split(images, 3, 1) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const low = tf.minimum(red, tf.minimum(green, blue));
  const chroma = tf.sub(tf.maximum(red, tf.maximum(green, blue)), low);
  const difference = tf.add(tf.sub(chroma, low), tf.sub(tf.add(green, blue), red));
  // Where there is no colour the hue does not matter; only the division must not be by 0.
  const away = tf.div(difference, tf.maximum(chroma, 1e-30));
  // 1 towards green, where there is as much blue too, and −1 towards blue; a choice by tf.where takes half as long again.
  const way = tf.clipByValue(tf.add(tf.mul(tf.sub(green, blue), 1e30), 1), -1, 1);
  const hue = tf.mul(away, way);
  // Of each channel's own hue the turned one is as far as the old one of these, which are small and brought to −3 … 3.
  const own = tf.add(tf.mul(perImage(turn), 6), numbers([0, -2, 2], [1, 3, 1, 1]));
  const within = tf.sub(own, tf.mul(tf.round(tf.div(own, 6)), 6));
  // So the distance is at most 6, and 6 is where it began.
  const distance = tf.abs(tf.add(hue, within));
  const share = tf.clipByValue(tf.sub(tf.abs(tf.sub(distance, 3)), 1), 0, 1);
  return tf.add(low, tf.mul(chroma, share));
}
