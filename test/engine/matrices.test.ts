/** Large matrix products as blocked convolutions: the same numbers and gradients, wide tensors left in blocks. */
import { expect, it } from "vitest";
import type { HostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { probeCpu } from "../../src/engine/run/device.js";
import { tf } from "../../src/engine/tf.js";
import { gelu } from "../../src/nn/attention.js";
import { relativeError } from "../support/close.js";
import { floats } from "../support/data.js";
import { describeWhere, noBlocks } from "../support/needs.js";
import { eagerly, withGradients } from "./programs.js";

const { target } = await probeCpu();

/** x · W + b of the tokens of a batch, as the layers of a transformer compute it. */
function project(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [batch, tokens, features] = x.shape as [number, number, number];
  const rows = tf.matMul(tf.reshape(x, [batch * tokens, features]), kernel as tf.Tensor2D);
  return tf.reshape(tf.add(rows, bias), [batch, tokens, kernel.shape[1]!]);
}

type Program = (...args: tf.Tensor[]) => tf.Tensor;
const inputs = (tokens: number, from: number, to: number): HostTensor[] => [
  floats([32, tokens, from], 1),
  floats([from, to], 2, -0.3, 0.3),
  floats([to], 3),
  floats([to, from], 4, -0.3, 0.3),
  floats([from], 5),
];

const programs: { [name: string]: Program } = {
  "a linear layer": (x, w, b) => project(x!, w!, b!),
  "two with GELU between, around a residual": (x, w, b, v, c) =>
    tf.add(x!, project(gelu(project(x!, w!, b!)), v!, c!)),
  "what others use too, scaled, masked and summed": (x, w, b, v, c) => {
    const h = project(x!, w!, b!);
    const back = project(tf.mul(tf.relu(h), tf.mul(h, 0.5)), v!, c!);
    return tf.mul(tf.mul(back, c!), tf.add(x!, tf.mean(h, -1, true)));
  },
};

/** The operators of a model and the results of a program compiled for blocks, all gradients among them. */
async function blocked(program: Program, given: readonly HostTensor[]) {
  const gradients = withGradients(program, [...given.keys()]);
  const fn = (...args: tf.Tensor[]): tf.Tensor[] => {
    const [, ...grads] = gradients(...args) as tf.Tensor[]; // without the loss, a sum near zero
    return [program(...args), ...grads];
  };
  const compiled = jit(fn, { lowering: "blocked", threads: 1 });
  const model = Buffer.from(await compiled.onnx(...(given as never[]))).toString("latin1");
  const results = await compiled(...(given as never[]));
  const expected = eagerly(fn, given);
  const errors = [];
  for (const [i, { data }] of expected.entries()) errors.push(relativeError(await results[i]!.data(), data));
  await compiled.dispose();
  return { errors, hasProduct: /MatMul|Gemm/.test(model), hasConvolution: model.includes("ReorderInput") };
}

describeWhere(target.block !== undefined, noBlocks, "products of matrices with many rows", () => {
  for (const [name, program] of Object.entries(programs))
    it.each([
      [16, 48],
      [64, 32],
    ])(`are convolutions, %i to %i features: ${name}`, async (from, to) => {
      const given = inputs(33, from, to).slice(0, program.length);
      const { errors, hasProduct } = await blocked(program, given);
      expect(hasProduct).toBe(false);
      for (const error of errors) expect(error).toBeLessThanOrEqual(2e-6);
    });

  it.each([
    ["rows that fill no block", 33, 12, 16],
    ["few rows", 3, 16, 16],
    ["features that fill no block", 32, 24, 12],
  ])("stay products: %s", async (_, tokens, from, to) => {
    const given = inputs(tokens, from, to);
    const own = tokens === 33 ? [floats([31, 33, from], 1), ...given.slice(1)] : given;
    const { errors, hasProduct, hasConvolution } = await blocked(
      programs["a linear layer"]!,
      own.slice(0, 3),
    );
    expect([hasProduct, hasConvolution]).toEqual([true, false]);
    for (const error of errors) expect(error).toBeLessThanOrEqual(2e-6);
  });
});
