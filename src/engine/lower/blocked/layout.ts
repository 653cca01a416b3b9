/**
 * The layout of ONNX Runtime's fast CPU convolutions: channels in blocks of 8 (AVX2) or 16 (AVX-512), each block an
 * image of its own with its channels last: [N, C/B, H, W, B]. To ONNX Runtime such a tensor has the shape [N, C, H, W],
 * only that its elements lie in another order; for broadcasting and reductions it is viewed with all five axes.
 */
import { type ImageLayout, leavesOrder } from "../layout.js";
import type { Lowering } from "../lowering.js";
import type { OnnxAttribute } from "../onnx.js";

/** The operators of ONNX Runtime that work on blocked tensors. */
export const blockedDomain = "com.microsoft.nchwc";

/** Emits an operator on blocked tensors. */
export function emitBlocked(
  l: Lowering,
  op: string,
  inputs: readonly string[],
  attributes: { readonly [name: string]: OnnxAttribute } = {},
): string {
  return l.emit(op, inputs, attributes, { domain: blockedDomain });
}

/** The layout with blocks of `block` channels. */
export function blockedLayout(block: number): ImageLayout {
  const view = ([n, h, w, c]: readonly number[]): number[] => [n!, c! / block, h!, w!, block];
  return {
    name: `nchw${block}c`,
    accepts: (shape) => shape.length === 4 && shape[3]! % block === 0 && shape[3]! > 0,
    imageShape: ([n, h, w, c]) => [n!, c!, h!, w!],
    view,
    fromPlain(l, name, shape, dtype) {
      const [n, h, w, c] = shape as [number, number, number, number];
      if (h === 1 && w === 1) return l.reshape(name, [n, c, 1, 1]);
      if (dtype === "float32") return emitBlocked(l, "ReorderInput", [name], { channels_last: { i: 1 } });
      const split = l.reshape(name, [n, h, w, c / block, block]);
      return l.reshape(l.transpose(split, [0, 3, 1, 2, 4]), [n, c, h, w]);
    },
    toPlain(l, name, shape) {
      const [, h, w] = shape as [number, number, number, number];
      if (h === 1 && w === 1) return l.reshape(name, shape);
      return l.reshape(l.transpose(l.reshape(name, view(shape)), [0, 2, 3, 1, 4]), shape);
    },
    fromChannelsFirst: (l, name, dtype) =>
      dtype === "float32" ? emitBlocked(l, "ReorderInput", [name]) : undefined,
    toChannelsFirst: (l, name, shape, dtype) =>
      dtype === "float32"
        ? emitBlocked(l, "ReorderOutput", [name], { channels: { i: shape[3]! } })
        : undefined,
    operandShape([n, h, w, c]) {
      if (c === 1) return [n!, 1, h!, w!, 1];
      return h === 1 && w === 1 ? view([n!, 1, 1, c!]) : undefined;
    },
    reducedAxes: (axes) =>
      leavesOrder(axes)
        ? axes.flatMap((axis) => [[0], [2], [3], [1, 4]][axis]!).sort((a, b) => a - b)
        : undefined,
  };
}
