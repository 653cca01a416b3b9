/**
 * Constant folding. Operations on constants are computed when a program is compiled. Constants that are one number all
 * over (tf.zeros, tf.ones, what gradients start from) stay one number: elementwise operations on them compute one
 * element, and operations that move elements none.
 *
 * A zero known when the program is compiled makes products zero, whatever the other factor: that is how the gradient of
 * a stopped branch (tf.zerosLike in a custom gradient) stops, and the branch's backward pass with it. Only where the
 * other factor is infinite or NaN would the eager program say NaN instead.
 */
import { sizeOf } from "../../host.js";
import { constantData, splatValue, type Value, type ValueType } from "../graph.js";
import { evaluateNode } from "../interpret.js";
import type { Draft, Rule } from "./rewrite.js";

/** Operations that give each element by itself, from the elements at its place. */
export const elementwise = new Set([
  "Abs", "Acos", "Acosh", "Add", "AddN", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "Cast", "Ceil", "ClipByValue", "Cos",
  "Cosh", "Elu", "EluGrad", "Equal", "Erf", "Exp", "Expm1", "Floor", "FloorDiv", "Greater", "GreaterEqual", "IsFinite",
  "IsInf", "IsNan", "LeakyRelu", "Less", "LessEqual", "Log", "Log1p", "LogicalAnd", "LogicalNot", "LogicalOr", "Maximum",
  "Minimum", "Mod", "Multiply", "Neg", "NotEqual", "Pow", "Prelu", "RealDiv", "Reciprocal", "Relu", "Relu6", "Round",
  "Rsqrt", "Select", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Sqrt", "Square", "SquaredDifference", "Step",
  "Sub", "Tan", "Tanh",
]); // biome-ignore format: a list of names

// Operations that only move, repeat or pick elements of their first input.
const moving = new Set([
  "BroadcastTo", "GatherV2", "Max", "Mean", "Min", "Reshape", "Reverse", "Slice", "StridedSlice", "Tile", "Transpose",
  "MirrorPad",
]); // biome-ignore format: a list of names

/** Operations that are linear in these of their inputs: zero there is zero everywhere. */
const linear: { readonly [op: string]: readonly number[] } = {
  AvgPool: [0],
  AvgPoolGrad: [0],
  BatchMatMul: [0, 1],
  Conv2D: [0, 1],
  Conv2DBackpropFilter: [0, 1],
  Conv2DBackpropInput: [0, 1],
  Cumsum: [0],
  DepthwiseConv2dNative: [0, 1],
  DepthwiseConv2dNativeBackpropFilter: [0, 1],
  DepthwiseConv2dNativeBackpropInput: [0, 1],
  EluGrad: [0],
  MaxPoolGrad: [0],
  Multiply: [0, 1],
  RealDiv: [0],
  Sum: [0],
  UnsortedSegmentSum: [0],
};

// A folded constant travels in the model: rather compute a larger one at run time than carry it.
const largestFolded = 1 << 18;
const largestWork = 1 << 24;

function work({ op, inputs, outputs }: Draft): number {
  const size = sizeOf(outputs[0]!.shape);
  if (op === "BatchMatMul") return size * Math.max(...inputs.map(({ shape }) => shape.at(-1) ?? 1));
  return op.includes("Conv") ? Number.POSITIVE_INFINITY : size;
}

function evaluate(
  draft: Draft,
  inputs: readonly Value[],
  outputs: readonly ValueType[],
): ReturnType<typeof evaluateNode> {
  const node = {
    ...draft,
    id: 0,
    inputs,
    outputs: outputs.map((type, index) => ({ id: 0, ...type, node: undefined, index })),
  };
  return evaluateNode(
    node,
    inputs.map((value) => constantData(value)!),
  );
}

/** Computes what can be computed before the program runs. */
export const fold: Rule = (draft, emit) => {
  const { op, inputs, outputs } = draft;
  const [output] = outputs;
  if (!output || inputs.length === 0) return undefined;
  const splats = inputs.map(splatValue);
  if ((linear[op] ?? []).some((i) => splats[i] === 0)) return emit.constant(0, output);
  if (splats.every((splat) => splat !== undefined)) {
    if (elementwise.has(op)) {
      const scalars = inputs.map((value) => ({
        ...value,
        shape: [],
        node: { ...value.node!, outputs: [{ ...value, shape: [] }] },
      }));
      return emit.constant(evaluate(draft, scalars, [{ shape: [], dtype: output.dtype }])[0]!, output);
    }
  }
  if (splats[0] !== undefined) {
    if (moving.has(op)) return emit.constant(splats[0], output);
    if (op === "SplitV" || op === "Unpack") return outputs.map((type) => emit.constant(splats[0]!, type));
    if ((op === "Concat" || op === "Pack") && splats.every((splat) => Object.is(splat, splats[0])))
      return emit.constant(splats[0], output);
    if (op === "PadV2" && splats[0] === draft.attributes.value) return emit.constant(splats[0], output);
  }
  if (inputs.some(({ node }) => node?.constant === undefined)) return undefined;
  const size = Math.max(...[...inputs, ...outputs].map(({ shape }) => sizeOf(shape)));
  if (size > largestFolded || work(draft) > largestWork) return undefined;
  return evaluate(draft, inputs, outputs).map((data, i) => emit.constant(data, outputs[i]!));
};
