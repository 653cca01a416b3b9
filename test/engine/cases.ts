/**
 * Small programs, one or a few a kernel, that the engine's tests run in several ways (recorded, rewritten, compiled) and
 * compare with TensorFlow.js's cpu backend. `gradients` lists the arguments whose gradients are compared too.
 */
import type { HostTensor } from "../../src/engine/host.js";
import { tf } from "../../src/engine/tf.js";
import type { Tree } from "../../src/engine/tree.js";
import { bools, floats, ints } from "../support/data.js";

export interface Case {
  readonly name: string;
  readonly fn: (...args: tf.Tensor[]) => Tree<tf.Tensor>;
  readonly inputs: readonly HostTensor[];
  readonly gradients: readonly number[];
}

const cases: Case[] = [];
function add(
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: each case knows the ranks of its own arguments
  fn: (...args: any[]) => Tree<tf.Tensor>,
  inputs: readonly HostTensor[],
  gradients: readonly number[] = [],
): void {
  cases.push({ name, fn, inputs, gradients });
}

// Elementwise, one argument. Ranges avoid kinks and poles; those have cases of their own.
const wide = floats([3, 5], 1, -3, 3);
const positive = floats([3, 5], 2, 0.2, 3);
const unit = floats([3, 5], 3, -0.9, 0.9);
const above = floats([3, 5], 4, 1.1, 3);
const unary: [string, (x: tf.Tensor) => tf.Tensor, HostTensor, boolean][] = [
  ["abs", tf.abs, wide, true], ["acos", tf.acos, unit, true], ["acosh", tf.acosh, above, true], ["asin", tf.asin, unit, true],
  ["asinh", tf.asinh, wide, true], ["atan", tf.atan, wide, true], ["atanh", tf.atanh, unit, true], ["ceil", tf.ceil, wide, true],
  ["cos", tf.cos, wide, true], ["cosh", tf.cosh, wide, true], ["elu", tf.elu, wide, true], ["erf", tf.erf, wide, true],
  ["exp", tf.exp, wide, true], ["expm1", tf.expm1, wide, true], ["floor", tf.floor, wide, true], ["log", tf.log, positive, true],
  ["log1p", tf.log1p, positive, true], ["logSigmoid", tf.logSigmoid, wide, true], ["neg", tf.neg, wide, true],
  ["reciprocal", tf.reciprocal, positive, true], ["relu", tf.relu, wide, true], ["relu6", tf.relu6, floats([20], 1, -9, 9), true],
  ["round", tf.round, wide, true], ["rsqrt", tf.rsqrt, positive, true], ["selu", tf.selu, wide, true],
  ["sigmoid", tf.sigmoid, wide, true], ["sign", tf.sign, wide, true], ["sin", tf.sin, wide, true], ["sinh", tf.sinh, wide, true],
  ["softplus", tf.softplus, wide, true], ["sqrt", tf.sqrt, positive, true], ["square", tf.square, wide, true],
  ["tan", tf.tan, unit, true], ["tanh", tf.tanh, wide, true], ["step", (x) => tf.step(x, 0), wide, true],
  ["step alpha", (x) => tf.step(x, 0.3), wide, true], ["leakyRelu", (x) => tf.leakyRelu(x, 0.1), wide, true],
  ["clipByValue", (x) => tf.clipByValue(x, -1, 1.5), wide, true], ["isNaN", tf.isNaN, wide, false],
  ["isInf", tf.isInf, wide, false], ["isFinite", tf.isFinite, wide, false],
]; // biome-ignore format: a table
for (const [name, fn, x, gradient] of unary) add(name, fn, [x], gradient ? [0] : []);
add("relu and step at 0", (x) => [tf.relu(x), tf.step(x), tf.relu6(x), tf.sign(x), tf.abs(x)], [
  { data: Float32Array.of(-0, 0, 1e-38, -1e-38, 1e38), shape: [5], dtype: "float32" },
]);
add("predicates of special numbers", (x) => [tf.isNaN(x), tf.isInf(x), tf.isFinite(x)], [
  { data: Float32Array.of(Number.NaN, Infinity, -Infinity, 0, -1), shape: [5], dtype: "float32" },
]);
add("maths near 0", (x) => [tf.expm1(x), tf.log1p(x), tf.tanh(x), tf.sinh(x)], [
  floats([40], 5, -1e-3, 1e-3),
]);
add("int unary", (x) => [tf.abs(x), tf.neg(x), tf.square(x), tf.sign(x), tf.relu(x)], [ints([7], 2, -5, 5)]);

// Elementwise, two arguments and more, with broadcasting.
const binary: [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, boolean][] = [
  ["add", tf.add, true], ["sub", tf.sub, true], ["mul", tf.mul, true], ["div", tf.div, true], ["divNoNan", tf.divNoNan, false],
  ["maximum", tf.maximum, true], ["minimum", tf.minimum, true], ["pow", tf.pow, true], ["floorDiv", tf.floorDiv, true],
  ["squaredDifference", tf.squaredDifference, true], ["mod", tf.mod, true], ["atan2", tf.atan2, true],
  ["equal", tf.equal, false], ["notEqual", tf.notEqual, false], ["greater", tf.greater, false],
  ["greaterEqual", tf.greaterEqual, false], ["less", tf.less, false], ["lessEqual", tf.lessEqual, false],
]; // biome-ignore format: a table
// TensorFlow.js's own gradients of these fail on operands that broadcast.
const noBroadcastGradient = ["maximum", "minimum", "squaredDifference"];
for (const [name, fn, gradient] of binary) {
  const gradients = gradient ? [0, 1] : [];
  const broadcastGradients = noBroadcastGradient.includes(name) ? [] : gradients;
  add(name, fn, [floats([2, 3, 4], 6, 0.3, 2), floats([2, 3, 4], 7, 0.3, 2)], gradients);
  add(
    `${name} [3, 4] with [2, 3, 1]`,
    fn,
    [floats([3, 4], 8, 0.3, 2), floats([2, 3, 1], 9, 0.3, 2)],
    broadcastGradients,
  );
  add(`${name} with a number`, (x) => fn(x, tf.scalar(1.5)), [floats([5], 10, 0.3, 3)], gradient ? [0] : []);
}
add("comparisons of ints", (a, b) => [tf.equal(a, b), tf.less(a, b), tf.greaterEqual(a, b)], [
  ints([9], 1, 0, 3),
  ints([9], 2, 0, 3),
]);
add(
  "arithmetic of ints",
  (a, b) => [tf.add(a, b), tf.sub(a, b), tf.mul(a, b), tf.maximum(a, b), tf.minimum(a, b)],
  [ints([3, 4], 3, -9, 9), ints([4], 4, -9, 9)],
);
add("division of ints", (a, b) => [tf.floorDiv(a, b), tf.div(a, b), tf.mod(a, b)], [
  ints([20], 5, -9, 9),
  ints([20], 6, 1, 5),
]);
add("mod of negative numbers", (a, b) => tf.mod(a, b), [floats([20], 7, -5, 5), floats([20], 8, 0.5, 2)]);
add("maximum and minimum at ties", tf.maximum, [ints([9], 1, 0, 3), ints([9], 2, 0, 3)]);
add("int and float together", (a, b) => tf.mul(a, b), [ints([3], 1), floats([3], 2)]);
add("logical", (a, b) => [tf.logicalAnd(a, b), tf.logicalOr(a, b), tf.logicalNot(a), tf.logicalXor(a, b)], [
  bools([2, 5], 1),
  bools([5], 2),
]);
add(
  "where",
  (c, a, b) => tf.where(c, a, b),
  [bools([3, 4], 3), floats([3, 4], 4), floats([3, 4], 5)],
  [1, 2],
);
add(
  "where broadcasts",
  (c, a, b) => tf.where(c, a, b),
  [bools([3, 1], 3), floats([4], 4), floats([1], 5)],
  [1, 2],
);
add("prelu", (x, a) => tf.prelu(x, a), [wide, floats([5], 3, 0.1, 0.4)], [0, 1]);
add("addN", (a, b, c) => tf.addN([a, b, c, a]), [floats([4], 1), floats([4], 2), floats([4], 3)], [0, 1, 2]);
add(
  "cast",
  (x, i, b) => [
    tf.cast(x, "int32"),
    tf.cast(x, "bool"),
    tf.cast(i, "float32"),
    tf.cast(b, "float32"),
    tf.cast(b, "int32"),
    tf.cast(i, "bool"),
  ],
  [wide, ints([4], 1, -2, 3), bools([4])],
);
add(
  "zerosLike, onesLike, fill",
  (x) => [tf.zerosLike(x), tf.onesLike(x), tf.fill([2, 3], 4), tf.zeros([2]), tf.ones([1, 2], "int32")],
  [wide],
);
add(
  "range, linspace, eye",
  (x) => [tf.add(x, tf.range(0, 5)), tf.linspace(0, 1, 5), tf.eye(3), tf.range(5, 0, -2, "int32")],
  [floats([5], 1)],
);
add("oneHot", (i) => [tf.oneHot(i, 4), tf.oneHot(i, 4, 2, -1)], [ints([2, 3], 1, 0, 4)]);

// Reductions, and operations along an axis.
for (const [name, fn, gradient] of [
  ["sum", tf.sum, true],
  ["mean", tf.mean, true],
  ["max", tf.max, true],
  ["min", tf.min, true],
  ["prod", tf.prod, false],
  ["logSumExp", tf.logSumExp, true],
] as [string, (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor, boolean][]) {
  // biome-ignore format: a table
  const x = floats([2, 3, 4], 11, 0.5, 1.5);
  add(`${name} of all`, (t) => fn(t), [x], gradient ? [0] : []);
  add(`${name} of axis 1`, (t) => fn(t, 1), [x], gradient ? [0] : []);
  add(`${name} of the last axis, kept`, (t) => fn(t, -1, true), [x], gradient ? [0] : []);
  add(`${name} of axes 0 and 2`, (t) => fn(t, [0, 2]), [x], gradient ? [0] : []);
  add(
    `${name} of an axis of length 1`,
    (t) => fn(t, 1),
    [floats([3, 1, 2], 12, 0.5, 1)],
    gradient ? [0] : [],
  );
}
add("sum of int32 and bool", (i, b) => [tf.sum(i, 0), tf.sum(b), tf.prod(i), tf.max(i), tf.min(i, 1)], [
  ints([3, 4], 1, 1, 4),
  bools([5]),
]);
add("mean of int32", (i) => tf.mean(i, 0), [ints([3, 4], 1, 1, 9)]);
add("all, any", (b) => [tf.all(b), tf.any(b, 0), tf.all(b, 1, true)], [bools([3, 4], 5)]);
add("argMax, argMin", (x) => [tf.argMax(x, 1), tf.argMin(x), tf.argMax(x, -1)], [floats([3, 4, 5], 13)]);
add("argMax of ints at ties", (x) => [tf.argMax(x, 1), tf.argMin(x, 0)], [ints([4, 9], 13, 0, 3)]);
add(
  "moments",
  (x) => {
    const { mean, variance } = tf.moments(x, [0, 1]);
    return { mean, variance };
  },
  [floats([4, 3, 2], 14)],
  [0],
);
add("norm", (x) => [tf.norm(x), tf.norm(x, 2, 1), tf.norm(x, 1, 0), tf.norm(x, Infinity)], [
  floats([3, 4], 15),
]);
add("norm gradient", (x) => tf.norm(x, 2, 1), [floats([3, 4], 15)], [0]);
add("softmax", (x) => tf.softmax(x), [wide], [0]);
add("logSoftmax", (x) => tf.logSoftmax(x), [wide], [0]);
add("cumsum", (x) => [tf.cumsum(x, 0), tf.cumsum(x, 1, true), tf.cumsum(x, 1, false, true)], [wide]);
add("cumsum of the last axis", (x) => [tf.cumsum(x, 1), tf.cumsum(x, 1, true, true)], [wide], [0]);
add("cumprod", (x) => [tf.cumprod(x, 1), tf.cumprod(x, 0, true), tf.cumprod(x, 1, false, true)], [positive]);
add("topk", (x) => tf.topk(x, 2) as unknown as Tree<tf.Tensor>, [floats([3, 6], 16)]);
add(
  "large logits",
  (x) => [tf.softmax(x), tf.logSoftmax(x), tf.logSumExp(x), tf.sigmoid(x), tf.softplus(x)],
  [floats([2, 5], 17, -90, 90)],
);

// Movement of elements.
const cube = floats([2, 3, 4], 18);
add(
  "reshape, expandDims, squeeze, flatten",
  (x) => [tf.reshape(x, [4, -1]), tf.expandDims(x, 1), tf.squeeze(tf.expandDims(x, -1)), tf.reshape(x, [-1])],
  [cube],
  [0],
);
add("transpose", (x) => [tf.transpose(x), tf.transpose(x, [1, 0, 2])], [cube], [0]);
add("reverse", (x) => [tf.reverse(x, 1), tf.reverse(x)], [cube], [0]);
add("tile", (x) => tf.tile(x, [2, 1, 3]), [cube], [0]);
add("broadcastTo", (x) => tf.broadcastTo(x, [2, 3, 4]), [floats([3, 1], 1)], [0]);
add("slice", (x) => tf.slice(x, [0, 1, 2], [2, 2, -1]), [cube], [0]);
add(
  "stridedSlice",
  (x) => [
    tf.stridedSlice(x, [0, 2, 3], [2, 0, 0], [1, -1, -2]),
    tf.stridedSlice(x, [1, 0, 0], [2, 3, 4], [1, 2, 1]),
  ],
  [cube],
);
add("stridedSlice to the first element", (x) => tf.stridedSlice(x, [0, 2, 3], [2, 0, 0], [1, -1, -1], 0, 6), [
  cube,
]);
add(
  "concat",
  (a, b) => [tf.concat([a, b], 1), tf.concat([a, a], 0)],
  [floats([2, 3], 1), floats([2, 3], 2)],
  [0, 1],
);
add(
  "stack, unstack",
  (a, b) => [tf.stack([a, b]), tf.stack([a, b], -1), ...tf.unstack(a, 1)],
  [floats([2, 3], 1), floats([2, 3], 2)],
  [0, 1],
);
add("split", (x) => [...tf.split(x, 2, 2), ...tf.split(x, [1, 2], 1)], [cube], [0]);
add("lists of one", (x) => [...tf.split(x, 1), ...tf.unstack(tf.expandDims(x, 0))], [cube]);
add("split, one part used", (x) => tf.split(x, 2, 2)[1]!, [cube], [0]);
add("pad", (x) => tf.pad(x, [[1, 0], [0, 2], [1, 1]], 3), [cube], [0]); // biome-ignore format: pairs
add("mirrorPad", (x) => [tf.mirrorPad(x, [[1, 1], [0, 2]], "reflect"), tf.mirrorPad(x, [[1, 1], [0, 2]], "symmetric")], [floats([3, 4], 1)], [0]); // biome-ignore format: pairs
add(
  "gather",
  (x, i) => [tf.gather(x, i), tf.gather(x, i, 1)],
  [floats([4, 4], 1), ints([2, 3], 2, 0, 4)],
  [0],
);
add("gather with batch dimensions", (x, i) => tf.gather(x, i, 1, 1), [
  floats([3, 4, 2], 1),
  ints([3, 5], 2, 0, 4),
]);
add(
  "unsortedSegmentSum",
  (x, i) => tf.unsortedSegmentSum(x, i, 4),
  [floats([6, 2], 1), ints([6], 2, 0, 4)],
  [0],
);

// Linear algebra.
const [a, b] = [floats([3, 4], 19), floats([4, 5], 20)];
add("matMul", (x, y) => tf.matMul(x, y), [a, b], [0, 1]);
add(
  "matMul, both transposed",
  (x, y) => tf.matMul(x, y, true, true),
  [floats([4, 3], 1), floats([5, 4], 2)],
  [0, 1],
);
add("matMul, second transposed", (x, y) => tf.matMul(x, y, false, true), [a, floats([5, 4], 2)], [0, 1]);
add("matMul of a transpose", (x, y) => tf.matMul(tf.transpose(x), y), [floats([4, 3], 1), b], [0, 1]);
add("matMul in batches", (x, y) => tf.matMul(x, y), [floats([2, 3, 4], 1), floats([2, 4, 5], 2)], [0, 1]);
add(
  "matMul in batches, first transposed",
  (x, y) => tf.matMul(x, y, true),
  [floats([2, 4, 3], 1), floats([2, 4, 5], 2)],
  [0, 1],
);
add("matMul in batches that broadcast", (x, y) => tf.matMul(x, y), [
  floats([2, 3, 4], 1),
  floats([1, 4, 5], 2),
]);
add(
  "dot, outerProduct",
  (x, y) => [tf.dot(x, y), tf.outerProduct(x, y)],
  [floats([4], 1), floats([4], 2)],
  [0, 1],
);
add("einsum", (x, y) => [tf.einsum("ij,jk->ik", x, y), tf.einsum("ij,jk->k", x, y)], [a, b]);
add(
  "fused matMul",
  (x, y, bias) =>
    tf.fused.matMul({ a: x, b: y, transposeA: false, transposeB: false, bias, activation: "relu" }),
  [a, b, floats([5], 3)],
  [0, 1, 2],
);

// Convolutions, pooling, resizing.
const image = floats([2, 6, 7, 3], 21);
const filter = floats([3, 3, 3, 4], 22, -0.4, 0.4);
for (const pad of ["same", "valid", 1] as const)
  for (const stride of [1, 2] as const)
    add(`conv2d ${pad} stride ${stride}`, (x, w) => tf.conv2d(x, w, stride, pad), [image, filter], [0, 1]);
add("conv2d dilated", (x, w) => tf.conv2d(x, w, 1, "same", "NHWC", [2, 2]), [image, filter]);
add("conv2d 1 × 1", (x, w) => tf.conv2d(x, w, 1, "same"), [image, floats([1, 1, 3, 5], 1)], [0, 1]);
add("conv2d 1 × 1 stride 2", (x, w) => tf.conv2d(x, w, 2, "same"), [image, floats([1, 1, 3, 5], 1)], [0, 1]);
add(
  "conv2d 5 × 4 stride [3, 2]",
  (x, w) => tf.conv2d(x, w, [3, 2], "same"),
  [floats([1, 9, 11, 2], 1), floats([5, 4, 2, 3], 2)],
  [0, 1],
);
add("conv2d explicit pads", (x, w) => tf.conv2d(x, w, 2, [[0, 0], [2, 0], [1, 2], [0, 0]]), [image, filter], [0, 1]); // biome-ignore format: pairs
add(
  "conv2d 7 × 7 stride 2",
  (x, w) => tf.conv2d(x, w, 2, 3),
  [floats([1, 12, 12, 3], 1), floats([7, 7, 3, 2], 2)],
  [0, 1],
);
add(
  "fused conv2d",
  (x, w, bias) => tf.fused.conv2d({ x, filter: w, strides: 1, pad: "same", bias, activation: "relu" }),
  [image, filter, floats([4], 3)],
  [0, 1, 2],
);
// Channels that fill blocks of 8 and 16, some of them, or none; odd and even sizes; every phase of a stride.
const channelPairs = [[16, 16], [16, 32], [32, 16], [3, 16], [24, 16], [16, 24], [16, 3], [8, 8]] as const; // biome-ignore format: pairs
for (const [c, k] of channelPairs)
  for (const stride of [1, 2] as const)
    add(
      `conv2d ${c} to ${k} channels, stride ${stride}`,
      (x, w) => tf.relu(tf.conv2d(x, w, stride, 1)),
      [floats([3, 6, 6, c], 1), floats([3, 3, c, k], 2, -0.2, 0.2)],
      [0, 1],
    );
const [deep, deepFilter] = [floats([2, 7, 5, 16], 1), floats([3, 3, 16, 32], 2, -0.2, 0.2)];
for (const pad of ["same", "valid", 1] as const)
  for (const stride of [1, 2, 3] as const)
    add(`conv2d 7 × 5 of 16 channels, ${pad} stride ${stride}`, (x, w) => tf.conv2d(x, w, stride, pad), [deep, deepFilter], [0, 1]); // biome-ignore format: one row
for (const [
  size,
  stride,
  pad,
] of [[1, 1, 0], [1, 2, 0], [1, 3, 0], [2, 2, 0], [5, 1, 2], [5, 2, 2], [7, 2, 3], [4, 2, 1]] as const) // biome-ignore format: one row
  add(
    `conv2d ${size} × ${size} of 16 channels, stride ${stride}`,
    (x, w) => tf.conv2d(x, w, stride, pad),
    [floats([2, 8, 8, 16], 1), floats([size, size, 16, 16], 2, -0.2, 0.2)],
    [0, 1],
  );
add("conv2d of 16 channels, explicit pads", (x, w) => tf.conv2d(x, w, 2, [[0, 0], [2, 0], [1, 2], [0, 0]]), [deep, deepFilter], [0, 1]); // biome-ignore format: pairs
add("conv2d of 16 channels, dilated", (x, w) => tf.conv2d(x, w, 1, "same", "NHWC", [2, 2]), [deep, deepFilter]); // biome-ignore format: one row
add(
  "conv2d of 16 channels, then everything that meets its layout",
  (x, w, v, a, m) => {
    const y = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 1);
    const z = tf.mul(tf.add(y, v), a);
    return [
      tf.sum(tf.square(z), [0, 1, 2]),
      tf.mean(z, [1, 2]),
      tf.sum(z, 3),
      tf.sum(z, [1, 3]),
      tf.max(z, [1, 2]),
      tf.sum(z, 0),
      tf.sum(z),
      tf.mul(z, m),
      tf.mul(z, y),
      tf.sub(z, tf.mean(z, [0, 1, 2], true)),
      tf.mul(z, tf.mean(z, [1, 2], true)),
      tf.where(tf.greater(z, y), z, y),
      tf.concat([z, y], 0),
      tf.concat([z, y], 3),
      tf.reshape(z, [-1, 16]),
      tf.transpose(z, [0, 3, 1, 2]),
      ...tf.split(z, 3, 0),
      tf.greater(z, 0),
    ];
  },
  [floats([3, 4, 4, 16], 1), floats([3, 3, 16, 16], 2, -0.2, 0.2), floats([16], 3), floats([3, 4, 4, 1], 4), floats([4, 4, 16], 5)],
); // biome-ignore format: one argument after the other
add(
  "convolutions one after the other",
  (x, v, w) => {
    const y = tf.relu(tf.conv2d(x as tf.Tensor4D, v as tf.Tensor4D, 1, 1));
    return tf.add(y, tf.conv2d(y as tf.Tensor4D, w as tf.Tensor4D, 1, 1));
  },
  [floats([2, 6, 6, 16], 1), floats([3, 3, 16, 16], 2, -0.2, 0.2), floats([3, 3, 16, 16], 3, -0.2, 0.2)],
  [0, 1, 2],
);
for (const [size, stride] of [[2, 2], [3, 2], [3, 1]] as const) // biome-ignore format: pairs
  for (const [name, pool] of [["maxPool", tf.maxPool], ["avgPool", tf.avgPool]] as const) // biome-ignore format: pairs
    add(
      `${name} ${size}/${stride} of a convolution`,
      (x, w) => pool(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 1) as tf.Tensor4D, size, stride, 1),
      [floats([2, 7, 6, 16], 1), floats([3, 3, 16, 16], 2, -0.2, 0.2)],
      [0, 1],
    );
add("conv1d", (x, w) => tf.conv1d(x, w, 1, "same"), [floats([2, 8, 3], 1), floats([3, 3, 4], 2)], [0, 1]);
add(
  "conv2dTranspose",
  (x, w) => tf.conv2dTranspose(x, w, [2, 12, 14, 3], 2, "same"),
  [floats([2, 6, 7, 4], 1), filter],
  [0, 1],
);
for (const stride of [1, 2] as const)
  for (const multiplier of [1, 2])
    add(
      `depthwiseConv2d stride ${stride}, multiplier ${multiplier}`,
      (x, w) => tf.depthwiseConv2d(x, w, stride, "same"),
      [image, floats([3, 3, 3, multiplier], 5)],
      [0, 1],
    );
for (const pad of ["same", "valid"] as const)
  for (const [size, stride] of [
    [2, 2],
    [3, 2],
    [3, 1],
  ] as const) {
    // biome-ignore format: pairs
    add(`maxPool ${size}/${stride} ${pad}`, (x) => tf.maxPool(x, size, stride, pad), [image], [0]);
    add(`avgPool ${size}/${stride} ${pad}`, (x) => tf.avgPool(x, size, stride, pad), [image], [0]);
  }
for (const align of [false, true])
  for (const centres of align ? [false] : [false, true])
    for (const size of [
      [9, 5],
      [3, 14],
      [6, 7],
    ] as [number, number][]) {
      // biome-ignore format: pairs
      const label = `${size} ${align ? "aligned " : ""}${centres ? "half-pixel" : ""}`;
      add(
        `resizeBilinear ${label}`,
        (x) => tf.image.resizeBilinear(x, size, align, centres),
        [floats([2, 7, 7, 3], 23)], // square: TensorFlow.js's gradient swaps height and width
        centres ? [] : [0],
      );
      add(
        `resizeNearestNeighbor ${label}`,
        (x) => tf.image.resizeNearestNeighbor(x, size, align, centres),
        [floats([1, 6, 7, 3], 24)], // one image: TensorFlow.js's gradient misplaces the second
        centres ? [] : [0],
      );
    }
add(
  "batchNorm",
  (x, m, v, o, s) => tf.batchNorm(x, m, v, o, s, 1e-3),
  [image, floats([3], 1), floats([3], 2, 0.5, 2), floats([3], 3), floats([3], 4)],
  [0, 1, 2, 3, 4],
);
add("flipLeftRight", (x) => tf.relu(tf.image.flipLeftRight(x)), [image]);

export { cases };
