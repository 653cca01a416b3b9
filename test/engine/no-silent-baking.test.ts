import { afterEach, describe, expect, it } from "vitest";
import { hostTensor } from "../../src/engine/host.js";
import { tf } from "../../src/engine/tf.js";
import { constant, isTracing, trace } from "../../src/engine/trace/trace.js";
import { flatten, type Tree } from "../../src/engine/tree.js";
import { CompileError, TraceError } from "../../src/support/errors.js";

/** Traces a function of one float32 [2, 3] argument. */
function traced(fn: (x: tf.Tensor) => unknown) {
  const { definition } = flatten<number>([0]);
  return trace("probe", fn as (...args: Tree<tf.Tensor>[]) => Tree<tf.Tensor>, definition, [
    { shape: [2, 3], dtype: "float32" },
  ]).graph;
}

describe("nothing is baked into a program without being said", () => {
  tf.backend(); // chooses the default
  const before = tf.getBackend();
  afterEach(() => {
    expect(isTracing()).toBe(false);
    expect(tf.getBackend()).toBe(before);
  });

  it.each([
    ["randomNormal", () => tf.randomNormal([2, 3])],
    ["randomNormal", () => tf.randomNormal([])],
    ["randomUniform", () => tf.randomUniform([1])],
    ["randomUniformInt", () => tf.randomUniformInt([1], 0, 5)],
    ["truncatedNormal", () => tf.truncatedNormal([3])],
    ["randomGamma", () => tf.randomGamma([3], 1)],
    ["rand", () => tf.rand([3], () => 0.5)],
    ["dropout", (x: tf.Tensor) => tf.dropout(x, 0.5)],
  ] as [string, (x: tf.Tensor) => tf.Tensor][])("random draws: %s", (name, draw) => {
    expect(() => traced((x) => tf.add(x, draw(x)))).toThrow(TraceError);
    expect(() => traced((x) => tf.add(x, draw(x)))).toThrow(new RegExp(`random|${name}`));
  });

  it("multinomial draws", () => {
    expect(() => traced((x) => tf.multinomial(x as tf.Tensor2D, 2))).toThrow(/draw/);
  });

  it("a closed-over tensor", () => {
    const outside = tf.tensor([1, 2, 3]);
    expect(() => traced((x) => tf.mul(x, outside))).toThrow(
      /closed-over tensor float32 \[3\].*pass it as an argument.*constant\(\)/,
    );
    outside.dispose();
  });

  it("a closed-over tensor that is returned", () => {
    const outside = tf.tensor([1, 2, 3]);
    expect(() => traced(() => outside)).toThrow(/closed-over tensor/);
    outside.dispose();
  });

  it.each([
    ["tensor1d", () => tf.tensor1d([1, 2, 3])],
    ["tensor", () => tf.tensor([[1, 2, 3]])],
    ["tensor2d", () => tf.tensor2d([[1, 2, 3]])],
    [
      "buffer",
      () => {
        const buffer = tf.buffer([3]);
        buffer.set(2, 1);
        return buffer.toTensor();
      },
    ],
  ] as [string, () => tf.Tensor][])("host data: tf.%s", (_, make) => {
    // biome-ignore format: one case a row
    expect(() => traced((x) => tf.add(x, make()))).toThrow(TraceError);
    expect(() => traced((x) => tf.add(x, make()))).toThrow(/baked into the compiled program.*constant\(\)/);
  });

  it("a plain array as an operand", () => {
    expect(() => traced((x) => tf.add(x, [1, 2, 3]))).toThrow(TraceError);
  });

  it.each([
    ["dataSync", (x: tf.Tensor) => tf.scalar(x.dataSync()[0]!)],
    ["arraySync", (x: tf.Tensor) => tf.scalar((x.arraySync() as number[][])[0]![0]!)],
    ["a decision", (x: tf.Tensor) => (tf.sum(x).dataSync()[0]! > 0 ? x : tf.neg(x))],
  ])("reading values: %s", (_, fn) => {
    expect(() => traced(fn)).toThrow(/a traced tensor has no numbers yet/);
  });

  it("a function that returns a promise", () => {
    expect(() => traced(async (x) => tf.neg(x))).toThrow(
      /expected a function that returns tensors, got a Promise/,
    );
  });

  it("a result that is no tensor", () => {
    expect(() => traced((x) => [x, 3])).toThrow(/result 1: expected a tensor, got 3/);
  });

  it("tracing inside a traced function", () => {
    expect(() => traced((x) => traced(() => x) as unknown as tf.Tensor)).toThrow(
      /no jit inside a traced function/,
    );
  });

  it("a tensor of an earlier trace", () => {
    let kept: tf.Tensor | undefined;
    traced((x) => {
      kept = tf.keep(tf.neg(x));
      return kept;
    });
    expect(() => tf.neg(kept!)).toThrow(/expected use while its function is traced/);
    kept!.dispose();
  });

  it("a kernel without a rule names itself, its shapes and the way out", () => {
    const fn = (x: tf.Tensor) =>
      tf.image.cropAndResize(
        tf.reshape(x, [1, 2, 3, 1]) as tf.Tensor4D,
        tf.zeros([1, 4]),
        tf.zeros([1], "int32"),
        [2, 2],
      );
    expect(() => traced(fn)).toThrow(CompileError);
    expect(() => traced(fn)).toThrow(/kernel CropAndResize\(image \[1, 2, 3, 1\].*CONTRIBUTING\.md/);
  });

  it("scalars, filled arrays and declared constants are let through", () => {
    const graph = traced((x) => [
      tf.add(x, 2),
      tf.mul(x, tf.scalar(3)),
      tf.add(x, tf.ones([2, 3])),
      tf.add(x, tf.fill([3], 0.5)),
      tf.mul(x, constant(hostTensor(Float32Array.of(1, 2, 3), [3]))),
      tf.matMul(x, tf.eye(3)),
    ]);
    expect(graph.nodes.filter(({ op }) => op === "Constant").length).toBeGreaterThanOrEqual(6);
  });

  it("leaves no tensors behind, also after an error", () => {
    const { numTensors } = tf.memory();
    traced((x) => tf.sum(tf.square(x)));
    expect(() => traced((x) => tf.scalar(tf.exp(x).dataSync()[0]!))).toThrow();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
