/**
 * The arithmetic of a work: multiplications and additions of its convolutions and matrix products, two for each product
 * that enters a sum, forward and backward. Counted on the graph as it was recorded, before anything is simplified, so
 * that a cleverer algorithm does not lower the count, and the same number serves both sides.
 */
import { flattenArguments } from "../src/engine/arguments.js";
import type { Node, Value } from "../src/engine/graph/graph.js";
import { sizeOf } from "../src/engine/host.js";
import { trace } from "../src/engine/trace/trace.js";
import type { Program } from "./program.js";

function operations({ op, inputs, outputs, attributes }: Node): number {
  const [a, b] = inputs as readonly [Value, Value];
  const out = outputs[0]!;
  switch (op) {
    case "Conv2D": // image, kernel [h, w, in, out]
      return 2 * sizeOf(out.shape) * sizeOf(b.shape.slice(0, 3));
    case "DepthwiseConv2dNative":
      return 2 * sizeOf(out.shape) * sizeOf(b.shape.slice(0, 2));
    case "Conv2DBackpropInput": // dy, kernel
      return 2 * sizeOf(a.shape) * sizeOf(b.shape.slice(0, 3));
    case "Conv2DBackpropFilter": // image, dy → [h, w, in, out]
      return 2 * sizeOf(b.shape) * sizeOf(out.shape.slice(0, 3));
    case "BatchMatMul":
    case "MatMul": {
      const inner = a.shape.at((attributes as { transposeA?: boolean }).transposeA ? -2 : -1)!;
      return 2 * sizeOf(out.shape) * inner;
    }
    default:
      return 0;
  }
}

/** Floating-point operations of one call. */
export function flopsOf({ fn, args }: Program): number {
  const { definition, types } = flattenArguments(args);
  const { graph } = trace("bench", fn, definition, types);
  return graph.nodes.reduce((sum, node) => sum + operations(node), 0);
}
