/**
 * Algebraic simplifications that do not change a result's digits, but for the sign of a zero (−0 + 0 is 0): neutral
 * elements (x·1, x + 0), operations that undo or repeat one another (transposes, reshapes, casts, slices), and copies that
 * broadcasting makes needless. TensorFlow.js writes gradients in general forms (dy · ones, x / 1, tiles), and most of what
 * these rules meet comes from there.
 */
import { sameShape, sizeOf } from "../../host.js";
import { splatValue, type Value, type ValueType } from "../graph.js";
import { elementwise } from "./fold.js";
import type { Draft, Emit, Rule } from "./rewrite.js";

type Shape = readonly number[];

/** The shape that shapes broadcast to together; they are known to fit. */
function broadcastShape(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, i) => {
    const lengths = shapes.map((shape) => shape[i - rank + shape.length] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

/** `x` as the operation's result: broadcast to its shape where it is smaller. */
function as(x: Value, output: ValueType, emit: Emit): Value {
  return sameShape(x.shape, output.shape)
    ? x
    : emit("BroadcastTo", [x], { shape: output.shape }, { shape: output.shape, dtype: x.dtype });
}

/**
 * Elementwise operations broadcast by themselves: operands need no copies, and a constant of one number needs no shape.
 * Where no operand has the result's full shape, the operation is done on the small ones and its result broadcast.
 */
const withoutCopies: Rule = ({ op, inputs, attributes, outputs: [output] }, emit) => {
  if (!elementwise.has(op) || op === "EluGrad" || !output) return undefined;
  const operands = inputs.map((operand) => {
    const splat = splatValue(operand);
    if (splat !== undefined && operand.shape.length > 0)
      return emit.constant(splat, { shape: [], dtype: operand.dtype });
    return operand.node?.op === "BroadcastTo" ? operand.node.inputs[0]! : operand;
  });
  if (operands.every((operand, i) => operand === inputs[i])) return undefined;
  const shape = broadcastShape(operands.map((operand) => operand.shape));
  return as(emit(op, operands, attributes, { shape, dtype: output.dtype }), output, emit);
};

function isPowerOfTwo(x: number): boolean {
  const exponent = Math.log2(Math.abs(x));
  return Number.isInteger(exponent) && Math.abs(exponent) < 100;
}

/** The composition of two permutations: first `inner`, then `outer`. */
const composed = (outer: Shape, inner: Shape): Shape => outer.map((axis) => inner[axis]!);

/** A value in another shape; itself where it has that. */
export const reshape = (x: Value, { shape }: Pick<ValueType, "shape">, emit: Emit): Value =>
  sameShape(x.shape, shape) ? x : emit("Reshape", [x], { shape }, { shape, dtype: x.dtype });

/**
 * Batches of products broadcast too: matrices that were copied along a second axis, [n, 1, …] → [n · m, …], because
 * TensorFlow.js broadcasts one axis only, need no copies.
 */
function withoutCopiesOfMatrices(
  [a, b]: readonly Value[],
  attributes: Draft["attributes"],
  emit: Emit,
  output: ValueType,
): Value | undefined {
  const copies = a!.node?.op === "Reshape" ? a!.node.inputs[0]! : undefined;
  const matrices = copies?.node?.op === "BroadcastTo" ? copies.node.inputs[0]! : undefined;
  if (!matrices || copies!.shape.length !== 4 || !sameShape(a!.shape.slice(1), copies!.shape.slice(2)))
    return undefined;
  const [n, m] = copies!.shape as [number, number];
  if (!sameShape(matrices.shape, [n, 1, ...a!.shape.slice(1)]) || b!.shape[0] !== n * m) return undefined;
  const apart = reshape(b!, { shape: [n, m, ...b!.shape.slice(1)] }, emit);
  const shape = [n, m, ...output.shape.slice(1)];
  const product = emit("BatchMatMul", [matrices, apart], attributes, { shape, dtype: output.dtype });
  return reshape(product, output, emit);
}

/** A reduction over axes of length 1 computes nothing. */
const needlessReduction: Rule = ({ inputs: [x], attributes, outputs: [output] }, emit) =>
  (attributes.axes as Shape).every((axis) => x!.shape[axis] === 1) && x!.dtype === output!.dtype
    ? reshape(x!, output!, emit)
    : undefined;

const rules: { readonly [op: string]: (draft: Draft, emit: Emit, output: ValueType) => Value | undefined } = {
  Add({ inputs: [a, b] }, emit, output) {
    if (splatValue(b!) === 0) return as(a!, output, emit);
    return splatValue(a!) === 0 ? as(b!, output, emit) : undefined;
  },
  AddN({ inputs }, emit, output) {
    const terms = inputs.filter((term) => splatValue(term) !== 0);
    if (terms.length === inputs.length && terms.length > 2) return undefined;
    if (terms.length === 0) return emit.constant(0, output);
    if (terms.length === 1) return as(terms[0]!, output, emit);
    const shape = broadcastShape(terms.map((term) => term.shape));
    return as(emit(terms.length === 2 ? "Add" : "AddN", terms, {}, { ...output, shape }), output, emit);
  },
  Sub({ inputs: [a, b] }, emit, output) {
    if (splatValue(b!) === 0) return as(a!, output, emit);
    return splatValue(a!) === 0 ? as(emit("Neg", [b!], {}, b!), output, emit) : undefined;
  },
  Multiply({ inputs: [a, b] }, emit, output) {
    for (const [x, factor] of [
      [a!, splatValue(b!)],
      [b!, splatValue(a!)],
    ] as const) {
      if (factor === 1) return as(x, output, emit);
      if (factor === -1) return as(emit("Neg", [x], {}, x), output, emit);
    }
    return undefined;
  },
  RealDiv({ inputs: [a, b] }, emit, output) {
    const divisor = splatValue(b!);
    if (divisor === 1) return as(a!, output, emit);
    if (divisor === undefined || a!.dtype !== "float32" || !isPowerOfTwo(divisor)) return undefined;
    return emit("Multiply", [a!, emit.constant(1 / divisor, { shape: [], dtype: "float32" })], {}, output);
  },
  Pow({ inputs: [x, exponent] }, emit, output) {
    const power = splatValue(exponent!);
    if (power === 1) return as(x!, output, emit);
    return power === 2 ? as(emit("Square", [x!], {}, x!), output, emit) : undefined;
  },
  Neg({ inputs: [x] }) {
    return x!.node?.op === "Neg" ? x!.node.inputs[0] : undefined;
  },
  Relu({ inputs: [x] }) {
    return x!.node?.op === "Relu" ? x : undefined;
  },
  // The gradient of a ReLU asks for its input: from its result the same follows, and the input need not be kept.
  Step({ inputs: [x], attributes }, emit, output) {
    if (attributes.alpha !== 0 || x!.node?.op === "Relu" || output.dtype !== "float32") return undefined;
    const relu = emit("Relu", [x!], {}, output);
    return relu.node?.op === "Relu" ? emit("Step", [relu], attributes, output) : undefined;
  },
  Select({ inputs: [condition, yes, no] }, emit, output) {
    const known = splatValue(condition!);
    if (known !== undefined) return as(known ? yes! : no!, output, emit);
    return yes === no ? as(yes!, output, emit) : undefined;
  },
  Cast({ inputs: [x] }, emit, output) {
    if (x!.dtype === output.dtype) return x;
    // A first cast that keeps every value is not needed: bool fits in all types, uint8 in all but bool.
    const source = x!.node?.op === "Cast" ? x!.node.inputs[0]! : undefined;
    if (source?.dtype !== "bool" && (source?.dtype !== "uint8" || x!.dtype === "bool")) return undefined;
    return source.dtype === output.dtype ? source : emit("Cast", [source], {}, output);
  },
  Reshape({ inputs: [x] }, emit, output) {
    if (sameShape(x!.shape, output.shape)) return x;
    return x!.node?.op === "Reshape" ? reshape(x!.node.inputs[0]!, output, emit) : undefined;
  },
  Transpose({ inputs: [x], attributes }, emit, output) {
    const perm = attributes.perm as Shape;
    if (perm.every((axis, i) => axis === i)) return x;
    const moved = perm.filter((axis) => x!.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return reshape(x!, output, emit);
    if (x!.node?.op !== "Transpose") return undefined;
    const both = composed(perm, x!.node.attributes.perm as Shape);
    return emit("Transpose", [x!.node.inputs[0]!], { perm: both }, output);
  },
  BatchMatMul({ inputs, attributes }, emit, output) {
    const operands = [...inputs];
    const flags = [Boolean(attributes.transposeA), Boolean(attributes.transposeB)];
    let changed = false;
    for (const [i, operand] of operands.entries()) {
      const { node } = operand;
      if (node?.op !== "Transpose") continue;
      const perm = node.attributes.perm as Shape;
      const rank = perm.length;
      const swapped = perm.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
      if (!sameShape(perm, swapped)) continue;
      operands[i] = node.inputs[0]!;
      flags[i] = !flags[i];
      changed = true;
    }
    const [transposeA, transposeB] = flags as [boolean, boolean];
    if (changed) return emit("BatchMatMul", operands, { transposeA, transposeB }, output);
    return withoutCopiesOfMatrices(inputs, attributes, emit, output);
  },
  Slice({ inputs: [x], attributes }, emit, output) {
    if (sameShape(x!.shape, output.shape)) return x;
    const { node } = x!;
    const begin = attributes.begin as Shape;
    if (node?.op === "Slice") {
      const inner = node.attributes.begin as Shape;
      const moved = begin.map((start, axis) => start + inner[axis]!);
      return emit("Slice", [node.inputs[0]!], { begin: moved, size: output.shape }, output);
    }
    if (node?.op !== "Concat") return undefined;
    // A slice that lies within one part of a concatenation.
    const axis = Number(node.attributes.axis);
    let start = 0;
    for (const part of node.inputs) {
      const length = part.shape[axis]!;
      if (begin[axis]! >= start && begin[axis]! + output.shape[axis]! <= start + length) {
        const within = begin.map((from, i) => (i === axis ? from - start : from));
        return emit("Slice", [part], { begin: within, size: output.shape }, output);
      }
      start += length;
    }
    return undefined;
  },
  PadV2({ inputs: [x] }, _, output) {
    return sameShape(x!.shape, output.shape) ? x : undefined;
  },
  MirrorPad({ inputs: [x] }, _, output) {
    return sameShape(x!.shape, output.shape) ? x : undefined;
  },
  Concat({ inputs }) {
    return inputs.length === 1 ? inputs[0] : undefined;
  },
  Tile({ inputs: [x], attributes }, emit, output) {
    if (sameShape(x!.shape, output.shape)) return x;
    const repeats = attributes.reps as Shape;
    return repeats.every((count, axis) => count === 1 || x!.shape[axis] === 1)
      ? as(x!, output, emit)
      : undefined;
  },
  BroadcastTo({ inputs: [x] }, emit, output) {
    if (sameShape(x!.shape, output.shape)) return x;
    return x!.node?.op === "BroadcastTo" ? as(x!.node.inputs[0]!, output, emit) : undefined;
  },
  Reverse({ inputs: [x], attributes }) {
    return (attributes.axes as Shape).every((axis) => x!.shape[axis] === 1) ? x : undefined;
  },
};
for (const op of ["Sum", "Prod", "Mean", "Max", "Min", "All", "Any"])
  (rules as { [op: string]: unknown })[op] = needlessReduction;

/** Simplifies one operation by the rule of its kind, or takes needless copies off its operands. */
export const algebra: Rule = (draft, emit) => {
  const [output] = draft.outputs;
  if (draft.outputs.length !== 1 || !output || sizeOf(output.shape) === 0) return undefined;
  return rules[draft.op]?.(draft, emit, output) ?? withoutCopies(draft, emit);
};
