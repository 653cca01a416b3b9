/** Arithmetic of colours on planes [batch, channels, height, width]: the grey image, mixing, and turning the hue. */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";

/** The weights of red, green and blue in the grey image, ITU-R 601-2, to the digits that PIL and torchvision use. */
const luma = hostTensor(Float32Array.of(0.2989, 0.587, 0.114), [1, 1, 3]);

/** The grey image [batch, 1, height, width]; of images without colours, the mean of their channels. */
export function grey(images: tf.Tensor4D): tf.Tensor4D {
  const [batch, channels, height, width] = images.shape;
  if (channels === 1) return images;
  if (channels !== 3) return tf.mean(images, 1, true);
  const planes = tf.reshape(images, [batch, 3, height * width]);
  return tf.reshape(tf.matMul(constant(luma), planes), [batch, 1, height, width]);
}

/** The mean of the grey image, [batch, 1, 1, 1]. */
export function greyMean(images: tf.Tensor4D): tf.Tensor4D {
  return tf.mean(grey(images), [2, 3], true);
}

/** Cut to 0 … 1. */
export function clip(images: tf.Tensor): tf.Tensor4D {
  return tf.clipByValue(images, 0, 1) as tf.Tensor4D;
}

/** other + factor · (images − other), which leaves images where the factor is 1; cut to 0 … 1. */
export function blend(images: tf.Tensor4D, other: tf.Tensor, factor: tf.Tensor): tf.Tensor4D {
  return clip(tf.add(tf.mul(images, factor), tf.mul(other, tf.sub(1, factor))));
}

/**
 * Colours with their hue turned, value and saturation kept (the hexagonal HSV model, as torchvision's adjust_hue).
 * @param images [batch, 3, height, width] in 0 … 1 @param turn [batch, 1, 1, 1], in turns: 0.5 gives the complement
 */
export function turnHue(images: tf.Tensor4D, turn: tf.Tensor): tf.Tensor4D {
  const [red, green, blue] = tf.split(images, 3, 1) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const value = tf.maximum(tf.maximum(red, green), blue);
  const low = tf.minimum(tf.minimum(red, green), blue);
  const chroma = tf.sub(value, low);
  // Where there is no colour the hue does not matter; only the division must not be by 0.
  const divisor = tf.add(chroma, tf.cast(tf.equal(chroma, 0), "float32"));
  const isRed = tf.equal(value, red);
  const isGreen = tf.equal(value, green);
  const difference = tf.where(
    isRed,
    tf.sub(green, blue),
    tf.where(isGreen, tf.sub(blue, red), tf.sub(red, green)),
  );
  const sector = tf.where(isRed, 0, tf.where(isGreen, 2, 4));
  // In sixths of a turn; with the turn in 0 … 1 it lies in −1 … 11, and one step brings it to −1 … 6.
  const forward = tf.add(turn, tf.cast(tf.less(turn, 0), "float32"));
  const far = tf.add(tf.add(tf.div(difference, divisor), sector), tf.mul(forward, 6));
  const hue = tf.sub(far, tf.mul(tf.cast(tf.greaterEqual(far, 6), "float32"), 6));
  // A channel is full within a sixth of a turn about its own hue (0, 2, 4) and gone beyond two sixths.
  const offset = tf.abs(tf.sub(hue, constant(hostTensor(Float32Array.of(0, 2, 4), [1, 3, 1, 1]))));
  const share = tf.clipByValue(tf.sub(tf.abs(tf.sub(offset, 3)), 1), 0, 1);
  return tf.add(low, tf.mul(chroma, share));
}
