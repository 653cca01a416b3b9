/**
 * The rules of the operations that `fuse.ts` makes, and of reductions and masks on blocked images.
 *
 * x·scale + shift + addend is a depthwise convolution of size 1 × 1. Σ x·y over the pixels is one too, of the size of the
 * whole image: every channel of every sample is a group, y its filter. Both read each tensor once.
 */
import { type Node, repeatedValue, type Value } from "../../graph/graph.js";
import { sizeOf } from "../../host.js";
import type { ImageLayout } from "../layout.js";
import type { Lowering, LoweringTable } from "../lowering.js";
import { elementwiseRules } from "../portable/elementwise.js";
import { reduceRules } from "../portable/reduce.js";
import { emitBlocked } from "./layout.js";

/** Σ over the rows of [N, C], or their mean. */
function overSamples(l: Lowering, name: string, operator: "ReduceSum" | "ReduceMean"): string {
  return l.emit(operator, [name, l.ints([0])], { keepdims: { i: 0 } });
}

/** Whether the axes are those of the pixels, with or without the samples. */
function reducesPixels(node: Node): boolean {
  const axes = (node.attributes.axes as readonly number[]).join();
  return node.inputs[0]!.shape.length === 4 && (axes === "1,2" || axes === "0,1,2");
}

function pooled(l: Lowering, node: Node, operator: "ReduceSum" | "ReduceMean"): string {
  const [x] = node.inputs as [Value];
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const each = l.reshape(emitBlocked(l, "GlobalAveragePool", [l.image(x)]), [n, c]);
  const scale = (name: string): string =>
    operator === "ReduceSum" ? l.emit("Mul", [name, l.scalar(h * w)]) : name;
  const withSamples = (node.attributes.axes as readonly number[]).includes(0);
  return l.reshape(scale(withSamples ? overSamples(l, each, operator) : each), node.outputs[0]!.shape);
}

/** The rules of fused operations for a blocked layout. */
export function fusedRules(layout: ImageLayout): LoweringTable {
  const pooling =
    (kernel: "Sum" | "Mean", operator: "ReduceSum" | "ReduceMean") => (l: Lowering, node: Node) => {
      const [x] = node.inputs as [Value];
      if (
        layout.accepts(x.shape) &&
        l.inLayout(x) &&
        x.dtype === "float32" &&
        reducesPixels(node) &&
        sizeOf(x.shape) > 0
      )
        l.set(node.outputs[0]!, pooled(l, node, operator));
      else reduceRules[kernel]!(l, node);
    };
  return {
    ChannelAffine(l, node) {
      const [x, scale, shift, addend] = node.inputs as [Value, Value, Value, Value | undefined];
      const channels = x.shape[3]!;
      const weights = l.reshape(l.plain(scale), [channels, 1, 1, 1]);
      const result = emitBlocked(
        l,
        "Conv",
        [l.image(x), weights, l.plain(shift), ...(addend ? [l.image(addend)] : [])],
        {
          group: { i: channels },
          kernel_shape: { ints: [1, 1] },
          ...(node.attributes.relu ? { activation: { s: "Relu" } } : {}),
        },
      );
      l.set(node.outputs[0]!, result, layout);
    },
    ChannelDot(l, node) {
      const [x, y] = node.inputs as [Value, Value];
      const [n, h, w, c] = x.shape as [number, number, number, number];
      const image = l.reshape(l.image(x), [1, n * c, h, w]);
      const filter = l.reshape(l.image(y), [n * c, 1, h, w]);
      const attributes = { group: { i: n * c }, kernel_shape: { ints: [h, w] } };
      const each = l.reshape(emitBlocked(l, "Conv", [image, filter], attributes), [n, c]);
      l.set(node.outputs[0]!, overSamples(l, each, "ReduceSum"));
    },
    Sum: pooling("Sum", "ReduceSum"),
    Mean: pooling("Mean", "ReduceMean"),
    // Above zero or not, for what a ReLU left: it is not zero. Exact for the smallest numbers and for infinity.
    Step(l, node) {
      const [x] = node.inputs as [Value];
      const made = (repeatedValue(x) ?? x).node;
      const isRelu = made?.op === "Relu" || made?.attributes.relu === true;
      if (!isRelu || node.attributes.alpha !== 0 || !layout.accepts(x.shape) || !l.inLayout(x))
        return elementwiseRules.Step!(l, node);
      l.set(node.outputs[0]!, l.cast(l.cast(l.image(x), "bool"), "float32"), layout);
    },
  };
}
