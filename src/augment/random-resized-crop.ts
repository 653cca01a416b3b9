/**
 * Random resized crop: a box of random area and aspect ratio, resized by antialiased bilinear interpolation. A batch of
 * crops is two batched matrix products with a matrix of weights a sample, which native code does fast. The box is drawn
 * as torchvision does it (RandomResizedCrop.get_params), ratio included, which FFCV-SSL loses.
 */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { fold, uniform } from "../random/index.js";
import type { Augmentation } from "./augmentation.js";

export interface RandomResizedCropOptions {
  /** The range of the share of the image's area; [0.08, 1] by default. */
  readonly scale?: readonly [number, number];
  /** The range of width / height; [3/4, 4/3] by default. */
  readonly ratio?: readonly [number, number];
  /** Height and width of the result; by default the image's own. */
  readonly size?: readonly [number, number];
}

/** Draws int32 [top, left, height, width] in pixels. */
export function randomResizedCrop(options: RandomResizedCropOptions = {}): Augmentation {
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3], size } = options;
  const logRatio = [Math.log(ratio[0]), Math.log(ratio[1])] as const;
  return {
    name: "randomResizedCrop",
    outputShape: ([height, width, channels]) => [size?.[0] ?? height, size?.[1] ?? width, channels],
    draw(key, [height, width]) {
      for (let attempt = 0; attempt < 10; attempt++) {
        const [a, r, y, x] = uniform(fold(key, attempt), 4) as unknown as [number, number, number, number];
        const area = height * width * (scale[0] + (scale[1] - scale[0]) * a);
        const aspect = Math.exp(logRatio[0] + (logRatio[1] - logRatio[0]) * r);
        const h = Math.round(Math.sqrt(area / aspect));
        const w = Math.round(Math.sqrt(area * aspect));
        if (h < 1 || w < 1 || h > height || w > width) continue;
        const top = Math.floor(y * (height - h + 1));
        const left = Math.floor(x * (width - w + 1));
        return hostTensor(Int32Array.of(top, left, h, w), [4]);
      }
      // No box of the wanted shape fits: the largest one in the middle whose ratio is in range.
      const aspect = Math.min(ratio[1], Math.max(ratio[0], width / height));
      const h = Math.min(height, Math.round(width / aspect));
      const w = Math.min(width, Math.round(height * aspect));
      return hostTensor(Int32Array.of((height - h) >> 1, (width - w) >> 1, h, w), [4]);
    },
    apply(images, drawn) {
      const [, height, width] = images.shape;
      const [top, left, h, w] = tf.split(tf.cast(drawn, "float32"), 4, 1) as [
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor2D,
      ];
      const rows = resizeMatrices(top, h, height, size?.[0] ?? height);
      const columns = resizeMatrices(left, w, width, size?.[1] ?? width);
      return resample(images, rows, columns);
    },
  };
}

/** The middles of the pixels 0 … n − 1, as a constant of the given shape. */
function middles(n: number, shape: number[]): tf.Tensor {
  return constant(
    hostTensor(
      Float32Array.from({ length: n }, (_, i) => i + 0.5),
      shape,
    ),
  );
}

/**
 * The weights [batch, out, length] that resize the pixels from `begin` on, `extent` many, to `out`: triangles as wide as
 * a source or a target pixel, whichever is larger, cut off at the box's border and normalised, as PIL and torchvision
 * with antialiasing do it.
 * @param begin, extent [batch, 1], whole pixels
 */
export function resizeMatrices(
  begin: tf.Tensor2D,
  extent: tf.Tensor2D,
  length: number,
  out: number,
): tf.Tensor3D {
  const column = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1, 1, 1]);
  const step = column(tf.div(extent, out));
  const first = column(begin);
  const source = middles(length, [1, 1, length]);
  const centre = tf.add(first, tf.mul(middles(out, [1, out, 1]), step));
  const distance = tf.abs(tf.sub(source, centre));
  const triangle = tf.relu(tf.sub(1, tf.div(distance, tf.maximum(step, 1))));
  const inside = tf.logicalAnd(tf.greater(source, first), tf.less(source, tf.add(first, column(extent))));
  const weights = tf.mul(triangle, tf.cast(inside, "float32"));
  return tf.div(weights, tf.sum(weights, 2, true)) as tf.Tensor3D;
}

/** rows · image · columnsᵀ of every channel. @param rows [batch, outHeight, height] @param columns [batch, outWidth, width] */
export function resample(images: tf.Tensor4D, rows: tf.Tensor3D, columns: tf.Tensor3D): tf.Tensor4D {
  const [batch, height, width, channels] = images.shape;
  const [outHeight, outWidth] = [rows.shape[1], columns.shape[1]];
  const tall = tf.matMul(rows, tf.reshape(images, [batch, height, width * channels]));
  if (channels === 1) {
    const plane = tf.matMul(tf.reshape(tall, [batch, outHeight, width]), columns, false, true);
    return tf.reshape(plane, [batch, outHeight, outWidth, 1]);
  }
  // Channels before the width, so that one product does all of them.
  const planes = tf.transpose(tf.reshape(tall, [batch, outHeight, width, channels]), [0, 1, 3, 2]);
  const wide = tf.matMul(tf.reshape(planes, [batch, outHeight * channels, width]), columns, false, true);
  return tf.transpose(tf.reshape(wide, [batch, outHeight, channels, outWidth]), [0, 1, 3, 2]) as tf.Tensor4D;
}
