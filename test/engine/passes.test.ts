import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { valueAndGrad } from "../../src/engine/grad.js";
import type { Graph } from "../../src/engine/graph/graph.js";
import { interpret } from "../../src/engine/graph/interpret.js";
import { optimise } from "../../src/engine/graph/passes/index.js";
import { printGraph } from "../../src/engine/graph/print.js";
import { hostTensor } from "../../src/engine/host.js";
import { tf } from "../../src/engine/tf.js";
import { constant, scope, trace } from "../../src/engine/trace/trace.js";
import { flatten, type Tree } from "../../src/engine/tree.js";
import { expectClose } from "../support/close.js";
import { floats } from "../support/data.js";
import { eagerly } from "./programs.js";

type Program = (...args: tf.Tensor[]) => Tree<tf.Tensor>;

function recorded(fn: Program, ...shapes: number[][]): Graph {
  const types = shapes.map((shape) => ({ shape, dtype: "float32" as const }));
  const { definition } = flatten<number>(shapes.map(() => 0));
  return trace("program", fn as (...args: Tree<tf.Tensor>[]) => Tree<tf.Tensor>, definition, types).graph;
}

/** Names of the operations that remain, constants left out. */
function remaining(fn: Program, ...shapes: number[][]): string[] {
  return optimise(recorded(fn, ...shapes))
    .nodes.map(({ op }) => op)
    .filter((op) => op !== "Constant");
}

describe("passes leave what is needed", () => {
  it.each([
    ["x + 0", (x: tf.Tensor) => tf.add(x, 0), []],
    ["x + zeros", (x: tf.Tensor) => tf.add(x, tf.zeros([2, 3])), []],
    ["x − 0", (x: tf.Tensor) => tf.sub(x, tf.zerosLike(x)), []],
    ["0 − x", (x: tf.Tensor) => tf.sub(0, x), ["Neg"]],
    ["x · 1", (x: tf.Tensor) => tf.mul(x, tf.ones([2, 3])), []],
    ["x · 0", (x: tf.Tensor) => tf.mul(tf.exp(x), 0), []],
    ["x / 1", (x: tf.Tensor) => tf.div(x, 1), []],
    ["x / 8", (x: tf.Tensor) => tf.div(x, 8), ["Multiply"]],
    ["x / 3 stays a division", (x: tf.Tensor) => tf.div(x, 3), ["RealDiv"]],
    ["x²", (x: tf.Tensor) => tf.pow(x, 2), ["Square"]],
    ["−(−x)", (x: tf.Tensor) => tf.neg(tf.neg(x)), []],
    ["transpose twice", (x: tf.Tensor) => tf.transpose(tf.transpose(x)), []],
    ["reshape there and back", (x: tf.Tensor) => tf.reshape(tf.reshape(x, [6]), [2, 3]), []],
    ["transpose of a row", (x: tf.Tensor) => tf.transpose(tf.reshape(x, [1, 6])), ["Reshape"]],
    ["slice of all", (x: tf.Tensor) => tf.slice(x, [0, 0], [2, 3]), []],
    ["slice of a slice", (x: tf.Tensor) => tf.slice(tf.slice(x, [0, 1], [2, 2]), [1, 0], [1, 1]), ["Slice"]],
    [
      "slice of one part of a concatenation",
      (x: tf.Tensor) => tf.slice(tf.concat([tf.exp(x), x], 0), [2, 0], [2, 3]),
      [],
    ],
    ["sum over an axis of length 1", (x: tf.Tensor) => tf.sum(tf.expandDims(x, 0), 0), []],
    ["matMul of a transpose", (x: tf.Tensor) => tf.matMul(x, tf.transpose(x)), ["BatchMatMul"]],
    ["the same twice", (x: tf.Tensor) => tf.add(tf.exp(x), tf.exp(x)), ["Exp", "Add"]],
    [
      "what nobody uses",
      (x: tf.Tensor) => {
        tf.exp(x);
        return tf.neg(x);
      },
      ["Neg"],
    ],
    ["constants", (x: tf.Tensor) => tf.add(x, tf.sqrt(tf.add(tf.scalar(3), 1))), ["Add"]],
    ["a choice known before", (x: tf.Tensor) => tf.where(tf.greater(tf.scalar(2), 1), x, tf.exp(x)), []],
    [
      "a broadcast that the operation does itself",
      (x: tf.Tensor) => tf.mul(x, tf.tile(tf.sum(x, 1, true), [1, 3])),
      ["Sum", "Multiply"],
    ],
    [
      "copies of matrices, which products do not need",
      (x: tf.Tensor) => {
        const matrices = tf.reshape(tf.tanh(x), [1, 1, 2, 3]) as tf.Tensor4D;
        const copies = tf.reshape(tf.tile(matrices, [1, 4, 1, 1]), [4, 2, 3]);
        return tf.matMul(copies, constant(floats([4, 3, 5], 7)));
      },
      ["Tanh", "Reshape", "BatchMatMul", "Reshape"],
    ],
    [
      "casts that keep every value",
      (x: tf.Tensor) => tf.cast(tf.cast(tf.greater(x, 0), "int32"), "float32"),
      ["Greater", "Cast"],
    ],
  ] as [string, Program, string[]][])("%s", (_, fn, expected) => {
    // biome-ignore format: a table
    expect(remaining(fn, [2, 3])).toEqual(expected);
    const graph = recorded(fn, [2, 3]);
    const x = floats([2, 3], 4);
    const [before, after] = [interpret(graph, [x]), interpret(optimise(graph), [x])];
    expectClose(after[0]!.data, before[0]!.data, { absolute: 0, relative: 1e-7 });
  });

  it("the branch behind a stopped gradient has no backward pass", () => {
    const stop = tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: () => tf.zerosLike(x as tf.Tensor),
    }));
    const fn: Program = (w, x) =>
      valueAndGrad((p: tf.Tensor) => {
        const target = stop(tf.tanh(tf.matMul(tf.sigmoid(tf.matMul(x!, p)), p)));
        return { loss: tf.sum(tf.mul(tf.matMul(x!, p), target)) };
      })(w!).grads;
    const ops = remaining(fn, [3, 3], [2, 3]);
    // Forward: two products in the target. Backward: one, of the branch that is not stopped.
    expect(ops.filter((op) => op === "BatchMatMul").length).toBe(3);
    const inputs = [floats([3, 3], 1), floats([2, 3], 2)];
    expectClose(
      interpret(optimise(recorded(fn, [3, 3], [2, 3])), inputs)[0]!.data,
      eagerly(fn, inputs)[0]!.data,
    );
  });

  it("pads and bounds that are no finite numbers stay apart", () => {
    const pads = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, 0];
    const fn: Program = (x) => pads.map((value) => tf.pad(x!, [[0, 1]], value));
    const results = interpret(optimise(recorded(fn, [2])), [hostTensor(Float32Array.of(1, 2), [2])]);
    expect(results.map(({ data }) => data[2])).toEqual(pads);
    expect(remaining((x) => [tf.pad(x!, [[0, 1]], Infinity), tf.pad(x!, [[0, 1]], Infinity)], [2])).toEqual([
      "PadV2",
    ]);
  });

  it("numbers that become truth values are 0 or 1 from there on", () => {
    const fn: Program = (x) => tf.cast(tf.cast(tf.cast(x!, "int32"), "bool"), "float32");
    const { definition } = flatten<number>([0]);
    const types = [{ shape: [4], dtype: "uint8" as const }];
    const { graph } = trace(
      "truth",
      fn as (...args: Tree<tf.Tensor>[]) => Tree<tf.Tensor>,
      definition,
      types,
    );
    const x = hostTensor(Uint8Array.of(0, 1, 5, 255), [4], "uint8");
    for (const each of [graph, optimise(graph)])
      expect([...interpret(each, [x])[0]!.data]).toEqual([0, 1, 1, 1]);
  });

  it("constants of one number are kept as one number", () => {
    const graph = optimise(recorded((x) => tf.add(x!, tf.fill([512, 512], 0.5)), [512, 512]));
    expect(graph.nodes[0]!.constant).toBe(0.5);
    expect(graph.nodes[0]!.outputs[0]!.shape).toEqual([]);
  });

  it("large constants are not multiplied into larger ones", () => {
    const column = hostTensor(
      Float32Array.from({ length: 2000 }, (_, i) => i),
      [2000, 1],
    );
    const graph = optimise(
      recorded((x) => tf.add(x!, tf.mul(constant(column), tf.transpose(constant(column)))), [1]),
    );
    expect(Math.max(...graph.nodes.map(({ constant: c }) => (typeof c === "object" ? c.length : 0)))).toBe(
      2000,
    );
  });

  it("inputs stay, used or not", () => {
    const graph = optimise(recorded((_, y) => y!, [2], [3]));
    expect(graph.inputs.map(({ shape }) => shape)).toEqual([[2], [3]]);
  });
});

const unary = [tf.tanh, tf.neg, tf.square, tf.relu, tf.sigmoid, tf.abs, (x: tf.Tensor) => tf.sum(x, 0, true), (x: tf.Tensor) => tf.mul(x, 1), (x: tf.Tensor) => tf.add(x, 0), (x: tf.Tensor) => tf.transpose(tf.transpose(x)), (x: tf.Tensor) => tf.tile(tf.sum(x, 0, true), [3, 1]), (x: tf.Tensor) => tf.div(x, 4), tf.zerosLike, tf.onesLike]; // biome-ignore format: a list
const binary = [tf.add, tf.sub, tf.mul, tf.maximum, (a: tf.Tensor, b: tf.Tensor) => tf.slice(tf.concat([a, b], 1), [0, 2], [-1, 3])]; // biome-ignore format: a list

describe("random programs", () => {
  it("compute the same recorded and rewritten, gradients included", () => {
    const steps = fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(steps, (program) => {
        const forward = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
          const values = [x, y];
          const pick = (i: number) => values[i % values.length]!;
          for (const [kind, i, j] of program) {
            const k = kind % (unary.length + binary.length);
            const value =
              k < unary.length
                ? unary[k]!(pick(i))
                : binary[k - unary.length]!(pick(i), broadcastable(pick(j)));
            values.push(broadcastable(value));
          }
          return values.at(-1)!;
        };
        const broadcastable = (t: tf.Tensor): tf.Tensor => (t.shape[0] === 3 ? t : tf.tile(t, [3, 1]));
        const fn: Program = (x, y) => {
          const { loss, grads } = valueAndGrad((p: tf.Tensor) => ({
            loss: tf.mean(tf.tanh(forward(p, y!))),
          }))(x!);
          return [loss, grads];
        };
        const graph = recorded(fn, [3, 3], [3, 3]);
        const simple = optimise(graph);
        const inputs = [floats([3, 3], 1), floats([3, 3], 2)];
        const [before, after] = [interpret(graph, inputs), interpret(simple, inputs)];
        for (const [i, { data }] of after.entries())
          expectClose(data, before[i]!.data, { absolute: 1e-7, relative: 1e-5 });
        expect(simple.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
        expect(optimise(simple).nodes.length).toBe(simple.nodes.length);
      }),
      { numRuns: 150 },
    );
  });
});

describe("a printed graph", () => {
  it("reads like a program", () => {
    const fn: Program = (x, w) => scope("layer", () => tf.relu(tf.add(tf.matMul(x!, w!), 1)));
    expect(printGraph(optimise(recorded(fn, [2, 3], [3, 4])))).toMatchInlineSnapshot(`
      "program(%0: float32[2, 3], %1: float32[3, 4]) {
        # layer
        %2: float32[2, 4] = BatchMatMul(%0, %1) {transposeA: false, transposeB: false}
        %3: float32[] = Constant all 1
        %4: float32[2, 4] = Add(%2, %3)
        %5: float32[2, 4] = Relu(%4)
        return %5
      }"
    `);
  });
});
