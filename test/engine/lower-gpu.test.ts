/**
 * The lowering for GPUs, on the CPU: what it makes in place of operators that WebGPU has not gives the same bits.
 * The gradient of maximum pooling without the places of the maxima: the bits of the one with them, ties included.
 */
import { expect, it } from "vitest";
import { type FlatArguments, flattenArguments } from "../../src/engine/arguments.js";
import { lowerProgram, traceProgram } from "../../src/engine/compile.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import type { Graph } from "../../src/engine/graph/graph.js";
import { type HostTensor, hostTensor, sizeOf } from "../../src/engine/host.js";
import type { Target } from "../../src/engine/lower/lowering.js";
import { gpu } from "../../src/engine/lower/portable/gpu.js";
import { portable } from "../../src/engine/lower/portable/index.js";
import { findDevice } from "../../src/engine/run/device.js";
import { Session } from "../../src/engine/run/session.js";
import { tf } from "../../src/engine/tf.js";
import { floats, ints } from "../support/data.js";

type Size = number | [number, number];
type Pad = "same" | "valid" | number | [[0, 0], [number, number], [number, number], [0, 0]];

/** The first result of a graph by a target's lowering, on the CPU, and the operators that it is made of. */
async function run(graph: Graph, target: Target, args: FlatArguments) {
  const { model, bytes } = lowerProgram(
    graph,
    { ...(await findDevice("cpu")), target },
    { float32Scopes: [] },
  );
  const session = await Session.create(model, bytes, { providers: ["cpu"] });
  const [gradient] = await session.runOnHost(args.leaves.map((leaf) => (leaf as HostTensor).data));
  await session.dispose();
  return { gradient, operators: new Set(model.nodes.map(({ op }) => op)) };
}

it.each<[Size, Size, Pad, number, number]>([
  [3, 2, 1, 8, 8], // the stem of a ResNet
  [3, 2, "same", 7, 9],
  [3, 2, "valid", 8, 7],
  [3, 1, "same", 5, 6],
  [2, 1, "valid", 5, 5],
  [[2, 3], [3, 2], "valid", 8, 9], // rows that no window reaches
  [
    [3, 2],
    [1, 2],
    [
      [0, 0],
      [1, 0],
      [0, 1],
      [0, 0],
    ],
    6,
    7,
  ],
  [5, 3, 2, 11, 4],
])("windows of %j, strides %j, padding %j, on %i × %i", async (size, strides, pad, h, w) => {
  const pool = (x: tf.Tensor, weights: tf.Tensor) =>
    valueAndGrad((v: tf.Tensor) => ({
      loss: tf.sum(tf.mul(tf.maxPool(v as tf.Tensor4D, size, strides, pad as never), weights)),
    }))(x).grads;
  const outputs = tf.maxPool(tf.zeros([2, h, w, 3]) as tf.Tensor4D, size, strides, pad as never).shape;
  // Few different numbers, so that most windows have several maxima; below zero, so that padding must not win.
  const ties = ints([2, h, w, 3], 4, -4, 0);
  const image: HostTensor = { ...ties, data: Float32Array.from(ties.data), dtype: "float32" };
  const args = flattenArguments([image, floats(outputs, 5)]);
  const { graph } = traceProgram("pool", pool as never, args);
  const [without, withPlaces] = [await run(graph, gpu, args), await run(graph, portable, args)];
  expect(without.operators.has("ScatterElements")).toBe(false);
  expect(withPlaces.operators.has("ScatterElements")).toBe(true);
  expect(without.gradient).toHaveLength(sizeOf(image.shape));
  for (const [i, value] of without.gradient!.entries())
    expect(value).toBeCloseTo(withPlaces.gradient![i]!, 6);
});

it("signs, masks of ReLU and LeakyReLU, and sums of several", async () => {
  const x = hostTensor(
    Float32Array.of(-2, -1e-30, -0, 0, 1e-45, 3, Number.POSITIVE_INFINITY, -Infinity),
    [8],
  );
  const whole = hostTensor(Int32Array.of(-5, 0, 7, 1), [4]);
  const program = (a: tf.Tensor, b: tf.Tensor) =>
    tf.concat([
      tf.sign(a),
      tf.step(a),
      tf.step(a, 0.5),
      tf.addN([a, tf.neg(a), a]),
      tf.cast(tf.sign(b), "float32"),
    ]);
  const args = flattenArguments([x, whole]);
  const { graph } = traceProgram("signs", program as never, args);
  const [ours, standard] = [await run(graph, gpu, args), await run(graph, portable, args)];
  expect(["Sign", "Sum"].filter((op) => ours.operators.has(op))).toEqual([]);
  expect([...ours.gradient!].map((value) => value + 0)).toEqual(
    [...standard.gradient!].map((value) => value + 0),
  );
});
