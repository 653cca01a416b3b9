/** Kernels that move elements, and matrix products, in standard ONNX operators on plain tensors. */
import type { Node, Value } from "../../graph/graph.js";
import { sizeOf } from "../../host.js";
import type { Lowering, LoweringTable, NodeRule } from "../lowering.js";

// Beyond every axis: where a backward slice ends that takes in the first element.
const beforeFirst = -(2 ** 53);

const numbers = (node: Node, name: string): readonly number[] => node.attributes[name] as readonly number[];

/** A rule for a node with one output, from the name of its first input in plain form. */
function plain(make: (l: Lowering, x: string, node: Node) => string): NodeRule {
  return (l, node) => l.set(node.outputs[0]!, make(l, l.plain(node.inputs[0]!), node));
}

function slice(
  l: Lowering,
  x: string,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps?: readonly number[],
): string {
  return l.emit("Slice", [x, l.ints(starts), l.ints(ends), l.ints(axes), ...(steps ? [l.ints(steps)] : [])]);
}

const allAxes = (list: readonly number[]): readonly number[] => list.map((_, i) => i);

/** Where each element of a symmetrically padded axis comes from: the border element is repeated. */
function symmetric(length: number, before: number, after: number): number[] {
  return Array.from({ length: before + length + after }, (_, i) => {
    const place = i - before;
    if (place < 0) return -place - 1;
    return place < length ? place : 2 * length - place - 1;
  });
}

function pads(node: Node): readonly number[] {
  const paddings = node.attributes.paddings as readonly (readonly [number, number])[];
  return [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
}

/**
 * x, but not before another value is there: reshaped to a shape to which a number of that value is added, times zero. No
 * runtime takes that apart, and none copies x for it.
 */
function barrier(l: Lowering, node: Node): void {
  const [x, after] = node.inputs as [Value, Value];
  const layout = l.inLayout(x) ? l.layoutOf(x.shape) : undefined;
  const other = l.inLayout(after) ? l.image(after) : l.plain(after);
  const first = l.emit("Slice", [l.reshape(other, [-1]), l.ints([0]), l.ints([1])]);
  const zero = l.emit("Mul", [l.cast(first, "int64"), l.ints([0])]);
  const shape = layout?.imageShape(x.shape) ?? x.shape;
  const waiting = l.emit("Reshape", [layout ? l.image(x) : l.plain(x), l.emit("Add", [l.ints(shape), zero])]);
  l.set(node.outputs[0]!, waiting, layout);
}

export const shapeRules: LoweringTable = {
  Barrier: barrier,
  Reshape: plain((l, x, node) => l.reshape(x, node.outputs[0]!.shape)),
  Transpose: plain((l, x, node) => l.transpose(x, numbers(node, "perm"))),
  BroadcastTo: plain((l, x, node) => l.emit("Expand", [x, l.ints(node.outputs[0]!.shape)])),
  Tile: plain((l, x, node) => l.emit("Tile", [x, l.ints(numbers(node, "reps"))])),
  Reverse: plain((l, x, node) => {
    const axes = numbers(node, "axes");
    const backward = axes.map(() => -1);
    return slice(
      l,
      x,
      backward,
      axes.map(() => beforeFirst),
      axes,
      backward,
    );
  }),
  Slice: plain((l, x, node) => {
    const begin = numbers(node, "begin");
    const { shape } = node.inputs[0]!;
    const size = numbers(node, "size");
    const axes = begin.map((_, i) => i).filter((i) => size[i] !== shape[i]);
    if (axes.length === 0) return x;
    return slice(
      l,
      x,
      axes.map((i) => begin[i]!),
      axes.map((i) => begin[i]! + size[i]!),
      axes,
    );
  }),
  StridedSlice: plain((l, x, node) => {
    const begin = numbers(node, "begin");
    const ends = numbers(node, "end").map((end) => (end < 0 ? beforeFirst : end));
    const cut = slice(l, x, begin, ends, allAxes(begin), numbers(node, "strides"));
    return l.reshape(cut, node.outputs[0]!.shape);
  }),
  Concat(l, node) {
    const parts = node.inputs.map((input) => l.plain(input));
    l.set(node.outputs[0]!, l.emit("Concat", parts, { axis: { i: Number(node.attributes.axis) } }));
  },
  Pack(l, node) {
    const axis = Number(node.attributes.axis);
    const shape = node.outputs[0]!.shape.map((length, i) => (i === axis ? 1 : length));
    const parts = node.inputs.map((input) => l.reshape(l.plain(input), shape));
    l.set(node.outputs[0]!, l.emit("Concat", parts, { axis: { i: axis } }));
  },
  Unpack(l, node) {
    const x = l.plain(node.inputs[0]!);
    const axis = { axis: { i: Number(node.attributes.axis) } };
    const sizes = l.ints(node.outputs.map(() => 1));
    const parts = l.emitAll("Split", [x, sizes], axis, { outputs: node.outputs.length });
    for (const [i, output] of node.outputs.entries()) l.set(output, l.reshape(parts[i]!, output.shape));
  },
  SplitV(l, node) {
    const x = l.plain(node.inputs[0]!);
    const axis = { axis: { i: Number(node.attributes.axis) } };
    const parts = l.emitAll("Split", [x, l.ints(numbers(node, "sizes"))], axis, {
      outputs: node.outputs.length,
    });
    for (const [i, output] of node.outputs.entries()) l.set(output, parts[i]!);
  },
  PadV2: plain((l, x, node) =>
    l.emit("Pad", [x, l.ints(pads(node)), l.scalar(Number(node.attributes.value), node.inputs[0]!.dtype)]),
  ),
  MirrorPad: plain((l, x, node) => {
    if (node.attributes.mode === "reflect")
      return l.emit("Pad", [x, l.ints(pads(node))], { mode: { s: "reflect" } });
    let padded = x;
    for (const [axis, [before, after]] of (
      node.attributes.paddings as readonly (readonly [number, number])[]
    ).entries()) {
      if (before + after === 0) continue;
      const from = symmetric(node.inputs[0]!.shape[axis]!, before, after);
      padded = l.emit("Gather", [padded, l.ints(from)], { axis: { i: axis } });
    }
    return padded;
  }),
  GatherV2(l, node) {
    const [x, indices] = node.inputs.map((input) => l.plain(input));
    l.set(node.outputs[0]!, l.emit("Gather", [x!, indices!], { axis: { i: Number(node.attributes.axis) } }));
  },
  UnsortedSegmentSum(l, node) {
    const [x, ids] = node.inputs;
    const { shape, dtype } = node.outputs[0]!;
    const zeros = l.emit("Expand", [l.scalar(0, dtype), l.ints(shape)]);
    const places = l.reshape(l.cast(l.plain(ids!), "int64"), [...ids!.shape, 1]);
    const sum = l.emit("ScatterND", [zeros, places, l.plain(x!)], { reduction: { s: "add" } });
    l.set(node.outputs[0]!, sum);
  },
  // ONNX's OneHot counts negative indices from the end; here they are none of the classes.
  OneHot(l, node) {
    const [indices] = node.inputs;
    const { dtype } = node.outputs[0]!;
    const depth = Number(node.attributes.depth);
    const classes = l.numbers(
      "int32",
      [depth],
      Int32Array.from({ length: depth }, (_, i) => i),
    );
    const column = l.reshape(l.cast(l.plain(indices!), "int32"), [...indices!.shape, 1]);
    const type = dtype === "bool" ? "int32" : dtype;
    const [on, off] = ["onValue", "offValue"].map((name) => l.scalar(Number(node.attributes[name]), type));
    const hot = l.emit("Where", [l.emit("Equal", [column, classes]), on!, off!]);
    l.set(node.outputs[0]!, dtype === "bool" ? l.cast(hot, "bool") : hot);
  },
  BatchMatMul(l, node) {
    const [a, b] = node.inputs;
    const { transposeA, transposeB } = node.attributes;
    const { shape, dtype } = node.outputs[0]!;
    const matrices = a!.shape.length === 2 && b!.shape.length === 2;
    if (matrices && dtype !== "int32" && sizeOf(shape) > 0) {
      const attributes = { transA: { i: transposeA ? 1 : 0 }, transB: { i: transposeB ? 1 : 0 } };
      return l.set(node.outputs[0]!, l.emit("Gemm", [l.plain(a!), l.plain(b!)], attributes));
    }
    const turned = (name: string, rank: number, transposed: unknown): string => {
      const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
      return transposed ? l.transpose(name, perm) : name;
    };
    l.set(
      node.outputs[0]!,
      l.emit("MatMul", [
        turned(l.plain(a!), a!.shape.length, transposeA),
        turned(l.plain(b!), b!.shape.length, transposeB),
      ]),
    );
  },
};
