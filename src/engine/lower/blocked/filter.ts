/**
 * Filters in the order of blocked convolutions. TensorFlow.js has them as [kh, kw, C, K] (HWIO); a blocked convolution
 * wants [K/B, C/B, kh, kw, B of C, B of K], or [K/B, C, kh, kw, B of K] where the image has fewer than B channels and lies
 * channels first. To ONNX Runtime both are [K, C, kh, kw].
 */
import type { Value } from "../../graph/graph.js";
import type { Lowering } from "../lowering.js";
import { emitBlocked } from "./layout.js";

/** The filter of the convolution itself. */
export function forwardFilter(l: Lowering, filter: Value, block: number): string {
  const [kh, kw, c, k] = filter.shape as [number, number, number, number];
  return l.form(filter, "blocked", () => {
    if (c < block) {
      const split = l.reshape(l.plain(filter), [kh, kw, c, k / block, block]);
      return l.reshape(l.transpose(split, [3, 2, 0, 1, 4]), [k, c, kh, kw]);
    }
    const split = l.reshape(l.plain(filter), [kh, kw, c / block, block, k / block, block]);
    return l.reshape(l.transpose(split, [4, 2, 0, 1, 3, 5]), [k, c, kh, kw]);
  });
}

/**
 * The filter of an input gradient, which takes K channels to C: some rows and columns of taps, in this order.
 * @param rows, columns the taps, first the one that meets the first row of dy
 */
export function backwardFilter(
  l: Lowering,
  filter: Value,
  rows: readonly number[],
  columns: readonly number[],
  block: number,
): string {
  const [kh, kw, c, k] = filter.shape as [number, number, number, number];
  return l.form(filter, `blocked for the gradient ${rows} ${columns}`, () => {
    const taps = rows.flatMap((row) => columns.map((column) => row * kw + column));
    const all = l.reshape(l.plain(filter), [kh * kw, c * k]);
    const inOrder = taps.length === kh * kw && taps.every((tap, i) => tap === i);
    const picked = inOrder ? all : l.emit("Gather", [all, l.ints(taps)], { axis: { i: 0 } });
    // First K and the block of C change places, at the speed of memory; then whole blocks move.
    const turned = emitBlocked(l, "ReorderInput", [
      l.reshape(picked, [(taps.length * c) / block, block, k, 1]),
    ]);
    const blocks = l.reshape(turned, [taps.length, c / block, k / block, block * block]);
    return l.reshape(l.transpose(blocks, [1, 2, 0, 3]), [c, k, rows.length, columns.length]);
  });
}
