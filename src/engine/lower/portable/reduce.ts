/**
 * Reductions and operations along one axis, in standard ONNX operators. A reduction of an image that lies in the
 * target's layout is computed there, where the remaining elements come out in plain order.
 */
import type { Node } from "../../graph/graph.js";
import type { Lowering, LoweringTable, NodeRule } from "../lowering.js";

/** Emits an ONNX reduction of a node's input; `prepare` and `finish` change element types around it. */
function reduction(
  operator: string,
  prepare: (l: Lowering, x: string, node: Node) => string = (_, x) => x,
  finish: (l: Lowering, x: string, node: Node) => string = (_, x) => x,
): NodeRule {
  return (l, node) => {
    const [x] = node.inputs;
    const [output] = node.outputs;
    const axes = node.attributes.axes as readonly number[];
    const reduce = (name: string, along: readonly number[], keep: boolean): string =>
      finish(
        l,
        l.emit(operator, [prepare(l, name, node), l.ints(along)], { keepdims: { i: keep ? 1 : 0 } }),
        node,
      );
    if (axes.length === 0) return l.set(output!, finish(l, prepare(l, l.plain(x!), node), node));
    const layout = l.layoutOf(x!.shape);
    const within = l.inLayout(x!) ? layout.reducedAxes(axes) : undefined;
    const view = layout.view?.(x!.shape);
    const image = (): string => (view ? l.reshape(l.image(x!), view) : l.image(x!));
    if (within) l.set(output!, l.reshape(reduce(image(), within, false), output!.shape));
    else l.set(output!, reduce(l.plain(x!), axes, Boolean(node.attributes.keepDims)));
  };
}

const toInt = (l: Lowering, x: string): string => l.cast(x, "int32");
const toBool = (l: Lowering, x: string): string => l.cast(x, "bool");
const notBool = (l: Lowering, x: string, node: Node): string =>
  node.inputs[0]!.dtype === "bool" ? l.cast(x, "int32") : x;
const toFloat = (l: Lowering, x: string, node: Node): string =>
  node.inputs[0]!.dtype === "float32" ? x : l.cast(x, "float32");
const backToBool = (l: Lowering, x: string, node: Node): string =>
  node.outputs[0]!.dtype === "bool" ? l.cast(x, "bool") : x;

function extreme(operator: string): NodeRule {
  return (l, node) => {
    const found = l.emit(operator, [notBool(l, l.plain(node.inputs[0]!), node)], {
      axis: { i: Number(node.attributes.axis) },
      keepdims: { i: 0 },
    });
    l.set(node.outputs[0]!, l.cast(found, "int32"));
  };
}

function along(operator: string): NodeRule {
  return (l, node) =>
    l.set(
      node.outputs[0]!,
      l.emit(operator, [l.plain(node.inputs[0]!)], { axis: { i: Number(node.attributes.axis) } }),
    );
}

/** The elements moved by `count` along an axis, ones where none come from. */
function shifted(l: Lowering, x: string, node: Node, count: number): string {
  const { shape } = node.inputs[0]!;
  const axis = Number(node.attributes.axis);
  const length = shape[axis]!;
  const { reverse } = node.attributes;
  const kept = l.emit("Slice", [
    x,
    l.ints([reverse ? count : 0]),
    l.ints([reverse ? length : length - count]),
    l.ints([axis]),
  ]);
  const ones = l.emit("Expand", [
    l.scalar(1, node.inputs[0]!.dtype),
    l.ints(shape.map((n, i) => (i === axis ? count : n))),
  ]);
  return l.emit("Concat", reverse ? [kept, ones] : [ones, kept], { axis: { i: axis } });
}

export const reduceRules: LoweringTable = {
  Sum: reduction("ReduceSum", notBool),
  Prod: reduction("ReduceProd", notBool),
  Mean: reduction("ReduceMean", toFloat),
  Max: reduction("ReduceMax", notBool, backToBool),
  Min: reduction("ReduceMin", notBool, backToBool),
  All: reduction("ReduceMin", toInt, toBool),
  Any: reduction("ReduceMax", toInt, toBool),
  ArgMax: extreme("ArgMax"),
  ArgMin: extreme("ArgMin"),
  Softmax: along("Softmax"),
  LogSoftmax: along("LogSoftmax"),
  Cumsum(l, node) {
    const { axis, exclusive, reverse } = node.attributes;
    const attributes = { exclusive: { i: exclusive ? 1 : 0 }, reverse: { i: reverse ? 1 : 0 } };
    const x = notBool(l, l.plain(node.inputs[0]!), node);
    l.set(node.outputs[0]!, l.emit("CumSum", [x, l.scalar(Number(axis), "int64")], attributes));
  },
  // ONNX has no cumulative product: multiply by neighbours at distance 1, 2, 4, … instead.
  Cumprod(l, node) {
    const length = node.inputs[0]!.shape[Number(node.attributes.axis)]!;
    let product = l.plain(node.inputs[0]!);
    for (let distance = 1; distance < length; distance *= 2)
      product = l.emit("Mul", [product, shifted(l, product, node, distance)]);
    l.set(node.outputs[0]!, node.attributes.exclusive ? shifted(l, product, node, 1) : product);
  },
  TopK(l, node) {
    const [values, indices] = l.emitAll(
      "TopK",
      [l.plain(node.inputs[0]!), l.ints([Number(node.attributes.k)])],
      { axis: { i: -1 } },
      { outputs: 2 },
    );
    l.set(node.outputs[0]!, values!);
    l.set(node.outputs[1]!, l.cast(indices!, "int32"));
  },
};
