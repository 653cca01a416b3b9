/**
 * Elementwise kernels: unary ones keep the shape, binary ones broadcast. TensorFlow.js has cast operands to one type
 * before the kernel runs, so the output's type follows from the first operand or is bool.
 */
import { tf } from "../../tf.js";
import { define, record } from "../record.js";

/** x → y of the same shape and type; names of the attributes that the kernel keeps. */
const unary: { readonly [kernel: string]: readonly string[] } = {
  Abs: [], Acos: [], Acosh: [], Asin: [], Asinh: [], Atan: [], Atanh: [], Ceil: [], Cos: [], Cosh: [], Elu: [], Erf: [],
  Exp: [], Expm1: [], Floor: [], Log: [], Log1p: [], Neg: [], Reciprocal: [], Relu: [], Relu6: [], Round: [], Rsqrt: [],
  Selu: [], Sigmoid: [], Sign: [], Sin: [], Sinh: [], Softplus: [], Sqrt: [], Square: [], Tan: [], Tanh: [],
  Step: ["alpha"], LeakyRelu: ["alpha"], ClipByValue: ["clipValueMin", "clipValueMax"],
}; // biome-ignore format: a list of names

const predicates = ["IsNan", "IsFinite", "IsInf", "LogicalNot"];
const binary = [
  "Add",
  "Sub",
  "Multiply",
  "RealDiv",
  "FloorDiv",
  "Maximum",
  "Minimum",
  "Pow",
  "SquaredDifference",
  "Mod",
  "Atan2",
];
const comparisons = [
  "Equal",
  "NotEqual",
  "Greater",
  "GreaterEqual",
  "Less",
  "LessEqual",
  "LogicalAnd",
  "LogicalOr",
];

for (const [kernel, kept] of Object.entries(unary))
  define(kernel, ({ x }, attributes) =>
    record(
      [x!],
      { shape: x!.shape, dtype: x!.dtype },
      Object.fromEntries(kept.map((name) => [name, attributes[name]])),
    ),
  );
for (const kernel of predicates) define(kernel, ({ x }) => record([x!], { shape: x!.shape, dtype: "bool" }));

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  return tf.backend_util.assertAndGetBroadcastShape([...a], [...b]);
}

for (const kernel of binary)
  define(kernel, ({ a, b }) => {
    const dtype = kernel === "FloorDiv" ? "int32" : a!.dtype;
    return record([a!, b!], { shape: broadcast(a!.shape, b!.shape), dtype });
  });
for (const kernel of comparisons)
  define(kernel, ({ a, b }) => record([a!, b!], { shape: broadcast(a!.shape, b!.shape), dtype: "bool" }));

define("Prelu", ({ x, alpha }) => record([x!, alpha!], { shape: x!.shape, dtype: x!.dtype }));
define("EluGrad", ({ dy, y }) => record([dy!, y!], { shape: y!.shape, dtype: y!.dtype }));

define("AddN", (inputs) => {
  const terms = Object.values(inputs);
  return record(terms, { shape: terms[0]!.shape, dtype: terms[0]!.dtype });
});

// A choice by element; tf.where has broadcast the three to one shape.
define("Select", ({ condition, t, e }) => record([condition!, t!, e!], { shape: t!.shape, dtype: t!.dtype }));

define("Identity", ({ x }) => ({ value: x! }));
define("Cast", ({ x }, { dtype }) => {
  if (x!.dtype === dtype) return { value: x! };
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool")
    throw new TypeError(`cast: expected float32, int32 or bool, got ${dtype}`);
  return record([x!], { shape: x!.shape, dtype });
});
