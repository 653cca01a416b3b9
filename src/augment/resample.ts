/**
 * Resampling by matrix products. A crop, a resize, a flip, a shift or a blur weighs the rows of an image and its columns
 * apart from each other: R · image · C, with a matrix R of rows and C of columns for each sample. Native code does
 * batched products fast, and two such changes after each other are one, with the matrices multiplied.
 */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import type { Augmentation, DrawnParameters, ImageShape, Resampling } from "./augmentation.js";

/** An augmentation that only resamples; `apply` follows from how. */
export function resampler(
  definition: Omit<Augmentation, "apply" | "resampling"> & {
    readonly resampling: NonNullable<Augmentation["resampling"]>;
  },
): Augmentation {
  return {
    ...definition,
    apply: (images, drawn) => resample(images, definition.resampling(shapeOf(images), drawn)),
  };
}

/** [height, width, channels] of images [batch, channels, height, width]. */
export function shapeOf(images: tf.Tensor4D): ImageShape {
  const [, channels, height, width] = images.shape;
  return [height, width, channels];
}

/** rows · image · columns of every channel. @param images [batch, channels, height, width] */
export function resample(images: tf.Tensor4D, { rows, columns }: Resampling): tf.Tensor4D {
  const [batch, channels, height, width] = images.shape;
  let tall = images;
  if (rows) {
    const [count, out] = rows.shape;
    // TensorFlow.js's products do not broadcast over a channel axis between batch and matrix, so the rows are repeated.
    const repeated = count > 1 && channels > 1;
    const each = repeated
      ? tf.reshape(tf.tile(tf.reshape(rows, [count, 1, out, height]), [1, channels, 1, 1]), [-1, out, height])
      : rows;
    const products = tf.matMul(each, tf.reshape(images, [batch * channels, height, width]));
    tall = tf.reshape(products, [batch, channels, out, width]);
  }
  if (!columns) return tall;
  const lines = tf.reshape(tall, [batch, -1, width]);
  return tf.reshape(tf.matMul(lines, columns), [batch, channels, -1, columns.shape[2]]);
}

/** The resampling that does `first` and then `second`. */
export function compose(first: Resampling, second: Resampling): Resampling {
  if (second.flipped && first.mirroredColumns)
    return { rows: first.rows, columns: first.mirroredColumns(second.flipped) };
  const product = (a: tf.Tensor3D | undefined, b: tf.Tensor3D | undefined): tf.Tensor3D | undefined =>
    a && b ? tf.matMul<tf.Tensor3D>(a, b) : (a ?? b);
  return { rows: product(second.rows, first.rows), columns: product(first.columns, second.columns) };
}

/** Whether a matrix multiplies images from the left or from the right. */
export type Side = "rows" | "columns";

/** Places along the result and along the source, as they lie in the matrices of a side. */
function places(
  side: Side,
  out: number,
  length: number,
  offset = 0,
): { target: tf.Tensor; source: tf.Tensor } {
  const [t, s] =
    side === "rows"
      ? [
          [1, out, 1],
          [1, 1, length],
        ]
      : [
          [1, 1, out],
          [1, length, 1],
        ];
  return { target: counting(out, t, offset), source: counting(length, s, offset) };
}

/** The numbers offset, offset + 1, …, as a constant of the given shape. */
export function counting(n: number, shape: number[], offset = 0): tf.Tensor {
  return constant(
    hostTensor(
      Float32Array.from({ length: n }, (_, i) => i + offset),
      shape,
    ),
  );
}

/** Drawn numbers [batch] as columns [batch, 1, 1], to broadcast against matrices. */
export function perMatrix(drawn: tf.Tensor | undefined): tf.Tensor3D {
  return tf.reshape(tf.cast(drawn!, "float32"), [-1, 1, 1]);
}

/** A range of pixels of an axis, and whether the result runs backwards. Each [batch], whole numbers. */
interface Segment {
  readonly begin: tf.Tensor | undefined;
  readonly extent: tf.Tensor | undefined;
  /** 1 to mirror the result. */
  readonly flipped?: tf.Tensor | undefined;
}

/**
 * The weights that resize the pixels from `begin` on, `extent` many, to `out`: triangles as wide as a source or a target
 * pixel, whichever is larger, cut off at the segment's border and normalised, as PIL and torchvision with antialiasing do it.
 */
export function resizeMatrices(
  side: Side,
  { begin, extent, flipped }: Segment,
  length: number,
  out: number,
): tf.Tensor3D {
  const { target, source } = places(side, out, length, 0.5);
  const first = perMatrix(begin);
  const many = perMatrix(extent);
  const step = tf.div(many, out);
  const along = flipped ? mirrored(target, out, flipped) : target;
  const centre = tf.add(first, tf.mul(along, step));
  const end = tf.add(first, many);
  if (out >= length) {
    // Never made smaller: the weights of the two nearest pixels are 1 together, or that of the first or last pixel is.
    const inside = tf.maximum(tf.add(first, 0.5), tf.minimum(tf.sub(end, 0.5), centre));
    return tf.relu(tf.sub(1, tf.abs(tf.sub(source, inside))));
  }
  // In half widths of a triangle. What lies beyond the border is far from all places.
  const unit = tf.maximum(step, 1);
  const within = tf.logicalAnd(tf.greater(source, first), tf.less(source, end));
  const from = tf.where(within, tf.div(source, unit), 1e9);
  const triangle = tf.relu(tf.sub(1, tf.abs(tf.sub(from, tf.div(centre, unit)))));
  return tf.div(triangle, tf.sum(triangle, side === "rows" ? 2 : 1, true)) as tf.Tensor3D;
}

/** Places of an axis of this length, from its other end where `flipped` [batch] is 1. */
function mirrored(place: tf.Tensor, length: number, flipped: tf.Tensor): tf.Tensor {
  return tf.add(place, tf.mul(perMatrix(flipped), tf.sub(length, tf.mul(place, 2))));
}

/** Mirrors columns where `flipped` [batch] is 1. */
export function flipResampling(width: number, flipped: tf.Tensor): Resampling {
  return {
    // Column i comes from column i, or from width − 1 − i.
    get columns() {
      return pickMatrices("columns", width, width, (place) => mirrored(place, width - 1, flipped));
    },
    flipped,
  };
}

/**
 * The weights that pick, for place i of the result, the pixel `from(i)`; 0 where that is outside the image.
 * @param from of the places 0, 1, … as a tensor that broadcasts against [batch, …, …]
 */
export function pickMatrices(
  side: Side,
  length: number,
  out: number,
  from: (places: tf.Tensor) => tf.Tensor,
): tf.Tensor3D {
  const { target, source } = places(side, out, length);
  return tf.cast(tf.equal(from(target), source), "float32") as tf.Tensor3D;
}

/** Resizes a box of drawn parameters top, left, height and width to `size`. */
export function boxResampling(
  [height, width]: ImageShape,
  { top, left, height: boxHeight, width: boxWidth }: DrawnParameters<tf.Tensor>,
  size: readonly [number, number],
): Resampling {
  const columns = (flipped?: tf.Tensor) =>
    resizeMatrices("columns", { begin: left, extent: boxWidth, flipped }, width, size[1]);
  return {
    rows: resizeMatrices("rows", { begin: top, extent: boxHeight }, height, size[0]),
    get columns() {
      return columns();
    },
    mirroredColumns: columns,
  };
}
