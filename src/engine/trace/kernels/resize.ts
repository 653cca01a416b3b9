/**
 * Resizing of images, recorded as two products with constant matrices: one that mixes rows, one that mixes columns. The
 * matrices are known when the program is compiled, so every rounding rule of TensorFlow.js is met exactly, and the
 * gradient is the product with the same matrices transposed.
 */

import { tf } from "../../tf.js";
import { traceBackend } from "../backend.js";
import type { KernelAttributes } from "../record.js";
import { compose } from "../record.js";

type Weights = (from: number, to: number, attributes: KernelAttributes) => Float32Array;

function scale(from: number, to: number, alignCorners: boolean): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** The matrix [to, from] of linear interpolation along one axis. */
const bilinear: Weights = (from, to, { alignCorners, halfPixelCenters }) => {
  const ratio = scale(from, to, alignCorners);
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const place = halfPixelCenters ? ratio * (i + 0.5) - 0.5 : ratio * i;
    const low = Math.max(0, Math.floor(place));
    const high = Math.min(from - 1, Math.ceil(place));
    const share = low === high ? 0 : place - low;
    weights[i * from + low]! += 1 - share;
    weights[i * from + Math.max(0, high)]! += share;
  }
  return weights;
};

/** The matrix [to, from] that picks the nearest element along one axis. */
const nearest: Weights = (from, to, { alignCorners, halfPixelCenters }) => {
  const ratio = scale(from, to, alignCorners);
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const place = halfPixelCenters ? ratio * (i + 0.5) : ratio * i;
    const picked = Math.min(from - 1, alignCorners ? Math.round(place) : Math.floor(place));
    weights[i * from + Math.max(0, picked)] = 1;
  }
  return weights;
};

function matrix(weights: Float32Array, to: number, from: number): tf.Tensor {
  return traceBackend.constant(weights, { shape: [to, from], dtype: "float32" });
}

/** Mixes the rows and columns of images [N, H, W, C] by the matrices [_, H] and [_, W], or their transposes. */
function mix(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, transposed: boolean): tf.Tensor {
  const [n, h, w, c] = images.shape as [number, number, number, number];
  const [newH, newW] = transposed ? [rows.shape[1]!, columns.shape[1]!] : [rows.shape[0]!, columns.shape[0]!];
  const product = (by: tf.Tensor, x: tf.Tensor): tf.Tensor =>
    tf.matMul(tf.expandDims(by, 0), x, transposed, false);
  const mixedRows = product(rows, tf.reshape(images, [n, h, w * c]));
  const mixed = product(columns, tf.reshape(mixedRows, [n * newH, w, c]));
  return tf.reshape(mixed, [n, newH, newW, c]);
}

for (const [kernel, weights] of [["ResizeBilinear", bilinear], ["ResizeNearestNeighbor", nearest]] as const) {
  const matrices = (from: readonly number[], to: readonly number[], attributes: KernelAttributes) =>
    [1, 2].map((axis) =>
      matrix(weights(from[axis]!, to[axis]!, attributes), to[axis]!, from[axis]!),
    ) as [tf.Tensor, tf.Tensor];
  compose(kernel, ({ images }, attributes) => {
    const x = tf.cast(images!, "float32");
    return mix(x, ...matrices(x.shape, [0, ...attributes.size], attributes), false);
  });
  // TensorFlow.js's own gradients do not know half-pixel centres; these do not need to either.
  compose(`${kernel}Grad`, ({ dy, images }, attributes) =>
    mix(dy!, ...matrices(images!.shape, dy!.shape, { alignCorners: attributes.alignCorners }), true),
  );
} // biome-ignore format: two rows
