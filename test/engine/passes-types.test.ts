/** Random programs over all element types: what the passes leave computes what was recorded, up to the sign of a zero. */
import { expect, test } from "vitest";
import { interpret } from "../../src/engine/graph/interpret.js";
import { optimise } from "../../src/engine/graph/passes/index.js";
import { printGraph } from "../../src/engine/graph/print.js";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { tf } from "../../src/engine/tf.js";
import { trace } from "../../src/engine/trace/trace.js";
import { flatten, type Tree } from "../../src/engine/tree.js";
import { worstDifference } from "../support/close.js";
import { generator } from "../support/data.js";

type Random = () => number;
type Unary = (x: tf.Tensor2D, next: Random) => tf.Tensor;
type Binary = (x: tf.Tensor2D, y: tf.Tensor2D) => tf.Tensor;

const pick = <T>(next: Random, list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
const real = <T extends tf.Tensor>(x: T): T => tf.cast(x, "float32");
const truth = <T extends tf.Tensor>(x: T): T => tf.cast(x, "bool");
const whole = <T extends tf.Tensor>(x: T): T => tf.cast(tf.clipByValue(real(x), -100, 100), "int32") as T;
const int = (value: number): tf.Scalar => tf.scalar(value, "int32");
const axis = (next: Random): number => pick(next, [0, 1]);

// biome-ignore format: a table
const unary: readonly Unary[] = [
  real, truth, whole,
  (x) => tf.logicalNot(truth(x)), (x) => tf.neg(real(x)), (x) => tf.neg(whole(x)), (x) => tf.square(real(x)),
  (x) => tf.relu(real(x)), (x) => tf.step(real(x)), (x) => tf.abs(whole(x)), (x) => tf.isFinite(real(x)), (x) => tf.tanh(real(x)),
  (x, next) => tf.add(real(x), pick(next, [0, 1])), (x, next) => tf.sub(pick(next, [0, 2]), real(x)), (x, next) => tf.mul(real(x), pick(next, [0, 1, -1, 3])),
  (x, next) => tf.div(real(x), pick(next, [1, -4, 0.5, 3])), (x, next) => tf.pow(real(x), pick(next, [1, 2, 3])),
  (x, next) => tf.mul(whole(x), int(pick(next, [0, 1, -1, 2]))), (x, next) => tf.div(whole(x), int(pick(next, [1, 2]))), (x, next) => tf.pow(whole(x), int(pick(next, [1, 2]))),
  (x, next) => tf.sum(real(x), axis(next), true), (x, next) => tf.sum(whole(x), axis(next), true), (x, next) => tf.max(real(x), axis(next), true),
  (x, next) => tf.mean(real(x), axis(next), true), (x, next) => tf.any(truth(x), axis(next), true), (x, next) => tf.cumsum(real(x), axis(next)),
  (x, next) => tf.clipByValue(real(x), pick(next, [-1, -Infinity]), pick(next, [1, Infinity])),
  (x, next) => tf.pad(real(x), [[0, axis(next)], [axis(next), 0]], pick(next, [0, 1, Infinity, -Infinity])),
  (x, next) => tf.slice(x, [Math.floor(next() * x.shape[0]), 0], [1, -1]), (x, next) => tf.slice(x, [0, Math.floor(next() * x.shape[1])], [-1, 1]),
  (x, next) => tf.tile(x, pick(next, [[1, 1], [2, 1], [1, 2]])), (x, next) => tf.reverse(x, axis(next)), (x) => tf.transpose(x), (x) => tf.reshape(x, [1, -1]),
  (x) => tf.stack(tf.unstack(x, 0), 0), (x) => tf.zerosLike(x), (x) => tf.onesLike(x), (x) => tf.addN([real(x), tf.zerosLike(real(x)), real(x)]),
  (x) => tf.where(tf.scalar(true), x, tf.zerosLike(x)), (x) => tf.matMul(real(x), tf.transpose(real(x))),
];

// biome-ignore format: a table
const binary: readonly Binary[] = [
  (x, y) => tf.add(real(x), real(y)), (x, y) => tf.sub(whole(x), whole(y)), (x, y) => tf.mul(real(x), real(y)), (x, y) => tf.mul(whole(x), whole(y)),
  (x, y) => tf.maximum(real(x), real(y)), (x, y) => tf.minimum(whole(x), whole(y)), (x, y) => tf.greater(real(x), real(y)), (x, y) => tf.equal(whole(x), whole(y)),
  (x, y) => tf.logicalAnd(truth(x), truth(y)), (x, y) => tf.where(truth(x), real(y), real(x)), (x, y) => tf.prelu(real(x), real(y)),
  (x, y) => tf.div(real(x), tf.add(tf.abs(real(y)), 1)), (x, y) => tf.floorDiv(whole(x), tf.add(tf.abs(whole(y)), int(1))),
];

/** As much of y as broadcasts with x. */
function fitting(y: tf.Tensor2D, [rows, columns]: readonly [number, number]): tf.Tensor2D {
  const tall = y.shape[0] === rows || y.shape[0] === 1 ? y : tf.slice(y, [0, 0], [1, -1]);
  return tall.shape[1] === columns || tall.shape[1] === 1 ? tall : tf.slice(tall, [0, 0], [-1, 1]);
}

function program(seed: number): (...args: tf.Tensor[]) => tf.Tensor[] {
  return (...args) => {
    const next = generator(seed);
    const values = args as tf.Tensor2D[];
    for (let steps = 2 + Math.floor(next() * 10); steps > 0; steps--) {
      const x = pick(next, values);
      const made =
        next() < 0.65
          ? pick(next, unary)(x, next)
          : pick(next, binary)(x, fitting(pick(next, values), x.shape));
      values.push(
        (made.size > 64 ? tf.slice(made, [0, 0], [1, Math.min(3, made.shape[1]!)]) : made) as tf.Tensor2D,
      );
    }
    return values.slice(-3);
  };
}

test("random programs compute the same recorded and rewritten", () => {
  const draw = generator(1);
  const numbers = (of: () => number) => Array.from({ length: 6 }, of);
  for (let seed = 1; seed <= 1000; seed++) {
    const inputs: HostTensor[] = [
      hostTensor(Float32Array.from(numbers(() => pick(draw, [0, -0.5, 1, 2.25, -3, 0.1]))), [2, 3]),
      hostTensor(Int32Array.from(numbers(() => Math.floor(draw() * 9) - 4)), [2, 3]),
      hostTensor(Uint8Array.from(numbers(() => Number(draw() < 0.5))), [2, 3], "bool"),
      hostTensor(Uint8Array.from(numbers(() => Math.floor(draw() * 256))), [2, 3], "uint8"),
    ];
    const { definition } = flatten<number>(inputs.map(() => 0));
    const fn = program(seed) as (...args: Tree<tf.Tensor>[]) => Tree<tf.Tensor>;
    const { graph } = trace("program", fn, definition, inputs);
    const [before, after] = [interpret(graph, inputs), interpret(optimise(graph), inputs)];
    for (const [i, { data, shape, dtype }] of after.entries()) {
      const about = `program ${seed}, result ${i}:\n${printGraph(graph)}\n${printGraph(optimise(graph))}`;
      expect({ shape, dtype }, about).toEqual({ shape: before[i]!.shape, dtype: before[i]!.dtype });
      const { share, text } = worstDifference(data, before[i]!.data, { absolute: 1e-4, relative: 1e-4 });
      expect(share, `${text} of ${about}`).toBeLessThanOrEqual(1);
    }
  }
});
