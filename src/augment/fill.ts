/** The colour of what lies outside an image or was taken out of it: a number for all channels, or one for each. */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { ShapeError } from "../support/errors.js";
import type { Augmentation } from "./augmentation.js";
import { resample, resampler, shapeOf } from "./resample.js";

/** For pixels in 0 … 1. */
export type Fill = number | readonly number[];

/** The colour as it broadcasts against images [batch, channels, height, width]. @throws ShapeError when it has too many or too few */
export function perChannel(name: string, fill: Fill, channels: number): tf.Tensor {
  const values = typeof fill === "number" ? [fill] : fill;
  if (values.length !== 1 && values.length !== channels)
    throw new ShapeError(`${name}: expected one number or ${channels}, one a channel, got ${values.length}`);
  return constant(hostTensor(Float32Array.from(values), [1, values.length, 1, 1]));
}

/** An augmentation that resamples, and finds `fill` where it finds nothing. */
export function filledResampler(definition: Parameters<typeof resampler>[0], fill: Fill): Augmentation {
  if (fill === 0 || (typeof fill !== "number" && fill.every((value) => value === 0)))
    return resampler(definition);
  const { resampling, ...rest } = definition;
  return {
    ...rest,
    apply(images, drawn) {
      const colour = perChannel(`${definition.name}.fill`, fill, images.shape[1]);
      const difference = tf.sub(images, colour) as tf.Tensor4D;
      return tf.add(resample(difference, resampling(shapeOf(images), drawn)), colour);
    },
  };
}
