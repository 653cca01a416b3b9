/**
 * Elementwise kernels in standard ONNX operators. They are the same in every layout: a node whose image operands lie in
 * the target's layout is computed there, and smaller operands (scalars, per-channel vectors) are reshaped to fit.
 */
import { type Node, splatValue, type Value } from "../../graph/graph.js";
import { sameShape, sizeOf } from "../../host.js";
import type { Lowering, LoweringTable, NodeRule } from "../lowering.js";

type Formula = (l: Lowering, operands: string[], node: Node) => string;

/** An operand's shape with leading 1s up to the rank of images. */
function asImageShape(shape: readonly number[]): readonly number[] {
  return [...Array<number>(4 - shape.length).fill(1), ...shape];
}

/** How an operand enters a computation in the target's layout. */
interface Operand {
  /** Whether it has as many elements as the result. */
  readonly full: boolean;
  /** Whether it is one number. */
  readonly scalar: boolean;
  readonly name: () => string;
}

/** An operand as it broadcasts against images in the target's layout; undefined where it cannot. */
function operandInLayout(l: Lowering, value: Value, shape: readonly number[]): Operand | undefined {
  const splat = splatValue(value);
  if (splat !== undefined) return { full: false, scalar: true, name: () => l.scalar(splat, value.dtype) };
  if (sizeOf(value.shape) === 1)
    return { full: false, scalar: true, name: () => l.reshape(l.plain(value), []) };
  if (value.shape.length > 4) return undefined;
  if (sameShape(value.shape, shape)) return { full: true, scalar: false, name: () => l.image(value) };
  const reshaped = l.layoutOf(shape).operandShape(asImageShape(value.shape));
  return reshaped && { full: false, scalar: false, name: () => l.reshape(l.plain(value), reshaped) };
}

/** The node's result in the image layout, if it is better computed there: a full operand lies so, and all others fit. */
function computedInLayout(l: Lowering, node: Node, formula: Formula): string | undefined {
  const { shape } = node.outputs[0]!;
  const layout = l.layoutOf(shape);
  if (!layout.accepts(shape)) return undefined;
  if (!node.inputs.some((input) => l.inLayout(input) && sameShape(input.shape, shape))) return undefined;
  const operands = node.inputs.map((input) => operandInLayout(l, input, shape));
  if (operands.some((operand) => operand === undefined)) return undefined;
  const view = operands.every((operand) => operand!.full || operand!.scalar)
    ? undefined
    : layout.view?.(shape);
  if (!view)
    return formula(
      l,
      operands.map((operand) => operand!.name()),
      node,
    );
  const viewed = operands.map((operand) =>
    operand!.full ? l.reshape(operand!.name(), view) : operand!.name(),
  );
  return l.reshape(formula(l, viewed, node), layout.imageShape(shape));
}

function plainOperands(l: Lowering, node: Node): string[] {
  const { shape } = node.outputs[0]!;
  // A constant of one number broadcasts as a scalar, unless nothing else would give the result its shape.
  const shaped = node.inputs.some(
    (input) => splatValue(input) === undefined && sameShape(input.shape, shape),
  );
  return node.inputs.map((input) => {
    const splat = splatValue(input);
    return splat !== undefined && shaped ? l.scalar(splat, input.dtype) : l.plain(input);
  });
}

/** The rule of an elementwise kernel, from the formula on names. */
export function elementwise(formula: Formula): NodeRule {
  return (l, node) => {
    const inLayout = computedInLayout(l, node, formula);
    if (inLayout !== undefined) l.set(node.outputs[0]!, inLayout, l.layoutOf(node.outputs[0]!.shape));
    else l.set(node.outputs[0]!, formula(l, plainOperands(l, node), node));
  };
}

const op =
  (name: string): Formula =>
  (l, operands) =>
    l.emit(name, operands);

/** The formula computed in float32, for kernels whose ONNX operator has no int32. */
const inFloat =
  (formula: Formula): Formula =>
  (l, operands, node) => {
    if (node.inputs[0]!.dtype === "float32") return formula(l, operands, node);
    const result = formula(
      l,
      operands.map((operand) => l.cast(operand, "float32")),
      node,
    );
    return node.outputs[0]!.dtype === "int32" ? l.cast(result, "int32") : result;
  };

const attribute = (node: Node, name: string): number => Number(node.attributes[name]);
const floatOp = (name: string): Formula => inFloat(op(name));

/** x where |x| is small, else y. */
function whereSmall(l: Lowering, x: string, bound: number, small: string, large: string): string {
  return l.emit("Where", [l.emit("Less", [l.emit("Abs", [x]), l.scalar(bound)]), small, large]);
}

const formulas: { readonly [kernel: string]: Formula } = {
  Abs: op("Abs"), Acos: floatOp("Acos"), Acosh: floatOp("Acosh"), Asin: floatOp("Asin"), Asinh: floatOp("Asinh"), Atan: floatOp("Atan"),
  Atanh: floatOp("Atanh"), Ceil: floatOp("Ceil"), Cos: floatOp("Cos"), Cosh: floatOp("Cosh"), Elu: floatOp("Elu"), Erf: floatOp("Erf"),
  Exp: floatOp("Exp"), Floor: floatOp("Floor"), Log: floatOp("Log"), Neg: op("Neg"), Reciprocal: floatOp("Reciprocal"), Relu: op("Relu"),
  Round: floatOp("Round"), Selu: floatOp("Selu"), Sigmoid: floatOp("Sigmoid"), Sign: op("Sign"), Sin: floatOp("Sin"), Sinh: floatOp("Sinh"),
  Softplus: floatOp("Softplus"), Sqrt: floatOp("Sqrt"), Tan: floatOp("Tan"), Tanh: floatOp("Tanh"),
  Add: op("Add"), Sub: op("Sub"), Multiply: op("Mul"), Maximum: op("Max"), Minimum: op("Min"), Pow: op("Pow"),
  Greater: op("Greater"), GreaterEqual: op("GreaterOrEqual"), Less: op("Less"), LessEqual: op("LessOrEqual"), Equal: op("Equal"),
  AddN: (l, operands, { inputs }) =>
    inputs[0]!.dtype === "float32" ? l.emit("Sum", operands) : operands.reduce((sum, term) => l.emit("Add", [sum, term])),
  Select: (l, [condition, yes, no], { outputs }) => {
    if (outputs[0]!.dtype !== "bool") return l.emit("Where", [condition!, yes!, no!]);
    return l.cast(l.emit("Where", [condition!, l.cast(yes!, "int32"), l.cast(no!, "int32")]), "bool");
  },
  // The angle of atan(y / x), moved by half a turn to the left half-plane; 0 at the origin.
  Atan2: inFloat((l, [y, x]) => {
    const zero = l.scalar(0);
    const angle = l.emit("Atan", [l.emit("Div", [y!, x!])]);
    const half = l.emit("Where", [l.emit("Less", [y!, zero]), l.scalar(-Math.PI), l.scalar(Math.PI)]);
    const turned = l.emit("Where", [l.emit("Less", [x!, zero]), l.emit("Add", [angle, half]), angle]);
    const origin = l.emit("And", [l.emit("Equal", [y!, zero]), l.emit("Equal", [x!, zero])]);
    return l.emit("Where", [origin, zero, turned]);
  }),
  LogicalAnd: op("And"), LogicalOr: op("Or"), LogicalNot: op("Not"), IsNan: op("IsNaN"), IsInf: op("IsInf"),
  RealDiv: inFloat(op("Div")),
  NotEqual: (l, operands) => l.emit("Not", [l.emit("Equal", operands)]),
  IsFinite: (l, [x]) => l.emit("Not", [l.emit("Or", [l.emit("IsNaN", [x!]), l.emit("IsInf", [x!])])]),
  Square: (l, [x]) => l.emit("Mul", [x!, x!]),
  Rsqrt: inFloat((l, [x]) => l.emit("Reciprocal", [l.emit("Sqrt", [x!])])),
  SquaredDifference: (l, operands) => {
    const difference = l.emit("Sub", operands);
    return l.emit("Mul", [difference, difference]);
  },
  // exp(x) − 1 and log(1 + x) lose all digits near 0; these forms, through tanh and atanh, do not.
  Expm1: inFloat((l, [x]) => {
    const t = l.emit("Tanh", [l.emit("Mul", [x!, l.scalar(0.5)])]);
    const small = l.emit("Div", [l.emit("Mul", [t, l.scalar(2)]), l.emit("Sub", [l.scalar(1), t])]);
    return whereSmall(l, x!, 1, small, l.emit("Sub", [l.emit("Exp", [x!]), l.scalar(1)]));
  }),
  Log1p: inFloat((l, [x]) => {
    const ratio = l.emit("Div", [x!, l.emit("Add", [x!, l.scalar(2)])]);
    const small = l.emit("Mul", [l.emit("Atanh", [ratio]), l.scalar(2)]);
    return whereSmall(l, x!, 0.5, small, l.emit("Log", [l.emit("Add", [x!, l.scalar(1)])]));
  }),
  Relu6: (l, [x], { inputs }) => l.emit("Clip", [x!, l.scalar(0, inputs[0]!.dtype), l.scalar(6, inputs[0]!.dtype)]),
  ClipByValue: (l, [x], node) => {
    const { dtype } = node.inputs[0]!;
    return l.emit("Clip", [x!, l.scalar(attribute(node, "clipValueMin"), dtype), l.scalar(attribute(node, "clipValueMax"), dtype)]);
  },
  LeakyRelu: inFloat((l, [x], node) => l.emit("LeakyRelu", [x!], { alpha: { f: attribute(node, "alpha") } })),
  Prelu: (l, operands) => l.emit("Where", [l.emit("Less", [operands[0]!, l.scalar(0)]), l.emit("Mul", operands), operands[0]!]),
  // 1 above zero, else alpha; NaN stays NaN, so it starts from the sign of relu(x).
  Step: inFloat((l, [x], node) => {
    const isRelu = node.inputs[0]!.node?.op === "Relu";
    const positive = l.emit("Sign", [isRelu ? x! : l.emit("Relu", [x!])]);
    const alpha = attribute(node, "alpha");
    if (alpha === 0) return positive;
    const rest = l.emit("Mul", [l.emit("Sub", [l.scalar(1), positive]), l.scalar(alpha)]);
    return l.emit("Add", [positive, rest]);
  }),
  EluGrad: (l, [dy, y]) =>
    l.emit("Where", [l.emit("GreaterOrEqual", [y!, l.scalar(0)]), dy!, l.emit("Mul", [dy!, l.emit("Add", [y!, l.scalar(1)])])]),
  FloorDiv: (l, [a, b], node) => {
    if (node.inputs[0]!.dtype === "float32") return l.cast(l.emit("Floor", [l.emit("Div", [a!, b!])]), "int32");
    // Integer division rounds towards zero: one less where there is a remainder of the other sign than the divisor.
    const [quotient, zero] = [l.emit("Div", [a!, b!]), l.scalar(0, "int32")];
    const rest = l.emit("Sub", [a!, l.emit("Mul", [quotient, b!])]);
    const opposed = l.emit("Less", [l.emit("Mul", [l.emit("Sign", [rest]), l.emit("Sign", [b!])]), zero]);
    return l.emit("Sub", [quotient, l.cast(opposed, "int32")]);
  },
  // The remainder with the sign of the divisor.
  Mod: (l, [a, b], node) => {
    const fmod = { fmod: { i: node.inputs[0]!.dtype === "float32" ? 1 : 0 } };
    return l.emit("Mod", [l.emit("Add", [l.emit("Mod", [a!, b!], fmod), b!]), b!], fmod);
  },
  Cast: (l, [x], node) => l.cast(x!, node.outputs[0]!.dtype as "float32" | "float16" | "int32" | "bool"),
}; // biome-ignore format: a table

export const elementwiseRules: LoweringTable = Object.fromEntries(
  Object.entries(formulas).map(([kernel, formula]) => [kernel, elementwise(formula)]),
);
