/**
 * Rotation about the middle of the image by an angle of its own for every sample, as torchvision's RandomRotation
 * without expansion. A rotation weighs rows and columns together, so each pixel is gathered from where it came.
 */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { type Augmentation, perImage, sameShape } from "./augmentation.js";
import { checkProbability, checkRange, type Range } from "./check.js";
import { type Fill, perChannel } from "./fill.js";
import { counting } from "./resample.js";

export const interpolations = ["bilinear", "nearest"] as const;

/** Options of `rotate`. */
export interface RotateOptions {
  /** Degrees counter-clockwise: a for −a … a, or the range; 11.5 (0.2 radians) by default. */
  readonly degrees?: number | Range | undefined;
  /** `bilinear` by default. */
  readonly interpolation?: (typeof interpolations)[number] | undefined;
  /** The colour of what gets bare; 0 by default. */
  readonly fill?: Fill | undefined;
  /** How often it is applied; 0.5 by default. */
  readonly probability?: number | undefined;
}

/** Draws float32 degrees: 0 where it is not applied. */
export function rotate(options: RotateOptions = {}): Augmentation {
  const { degrees = 11.5, interpolation = "bilinear", fill = 0, probability = 0.5 } = options;
  const range = checkRange("rotate.degrees", typeof degrees === "number" ? [-degrees, degrees] : degrees);
  checkProbability("rotate.probability", probability);
  return {
    name: "rotate",
    outputShape: sameShape,
    parameters: () => ({ degrees: { dtype: "float32" } }),
    draw(stream, into, row) {
      const applied = stream.chance(probability);
      const angle = stream.between(...range);
      into.degrees![row] = applied ? angle : 0;
    },
    apply(images, drawn) {
      const [, channels, height, width] = images.shape;
      const angle = tf.mul(perImage(drawn.degrees), Math.PI / 180);
      const [cos, sin] = [tf.cos(angle), tf.sin(angle)];
      const y = counting(height, [1, 1, height, 1], 0.5 - height / 2);
      const x = counting(width, [1, 1, 1, width], 0.5 - width / 2);
      const row = tf.add(tf.add(tf.mul(x, sin), tf.mul(y, cos)), (height - 1) / 2);
      const column = tf.add(tf.sub(tf.mul(x, cos), tf.mul(y, sin)), (width - 1) / 2);
      const colour = perChannel("rotate.fill", fill, channels);
      const planes = tf.sub(images, colour) as tf.Tensor4D;
      const turned =
        interpolation === "nearest"
          ? gatherPixels(planes, tf.round(row), tf.round(column))
          : bilinear(planes, row, column);
      return tf.add(turned, colour);
    },
  };
}

/** The mean of the four pixels about each place, weighted by nearness; pixels outside the image are 0. */
function bilinear(images: tf.Tensor4D, row: tf.Tensor, column: tf.Tensor): tf.Tensor {
  const [top, left] = [tf.floor(row), tf.floor(column)];
  const [down, right] = [tf.sub(row, top), tf.sub(column, left)];
  const [up, back] = [tf.sub(1, down), tf.sub(1, right)];
  return tf.addN([
    tf.mul(gatherPixels(images, top, left), tf.mul(up, back)),
    tf.mul(gatherPixels(images, top, tf.add(left, 1)), tf.mul(up, right)),
    tf.mul(gatherPixels(images, tf.add(top, 1), left), tf.mul(down, back)),
    tf.mul(gatherPixels(images, tf.add(top, 1), tf.add(left, 1)), tf.mul(down, right)),
  ]);
}

/** The pixels at whole places [batch, 1, height, width], of every channel; 0 outside the image. */
function gatherPixels(images: tf.Tensor4D, row: tf.Tensor, column: tf.Tensor): tf.Tensor {
  const [batch, channels, height, width] = images.shape;
  const inside = tf.logicalAnd(
    tf.logicalAnd(tf.greaterEqual(row, 0), tf.less(row, height)),
    tf.logicalAnd(tf.greaterEqual(column, 0), tf.less(column, width)),
  );
  const place = tf.add(
    tf.mul(tf.clipByValue(row, 0, height - 1), width),
    tf.clipByValue(column, 0, width - 1),
  );
  const planes = Int32Array.from({ length: batch * channels }, (_, i) => i * height * width);
  const begin = constant(hostTensor(planes, [batch, channels, 1, 1]));
  const flat = tf.reshape(tf.add(tf.cast(place, "int32"), begin), [-1]) as tf.Tensor1D;
  const pixels = tf.reshape(tf.gather(tf.reshape(images, [-1]), flat), images.shape);
  return tf.mul(pixels, tf.cast(inside, "float32"));
}
