/** Donated state that is updated where it lies: which results may be, and that the numbers are those of copies. */
import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { flattenArguments } from "../../src/engine/arguments.js";
import { traceProgram } from "../../src/engine/compile.js";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import { updateLast } from "../../src/engine/graph/passes/in-place.js";
import { type HostTensor, hostScalar, hostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { Lowering, type Target } from "../../src/engine/lower/lowering.js";
import { encodeModel } from "../../src/engine/lower/onnx.js";
import { portable } from "../../src/engine/lower/portable/index.js";
import { probeCpu } from "../../src/engine/run/device.js";
import { overwritable } from "../../src/engine/run/overwrite.js";
import { Session } from "../../src/engine/run/session.js";
import { tf } from "../../src/engine/tf.js";
import { floats } from "../support/data.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** v ← 0.9·v + x·w, w ← w − lr·v; the loss reads the old w, and `also` the old v. */
function step(state: { w: tf.Tensor; v: tf.Tensor }, x: tf.Tensor, lr: tf.Tensor) {
  const v = tf.add(tf.mul(state.v, 0.9), tf.mul(x, state.w));
  return { state: { w: tf.sub(state.w, tf.mul(v, lr)), v }, loss: tf.sum(tf.mul(state.w, x)) };
}

const x = floats([5], 1);
const start = { w: floats([5], 2), v: floats([5], 3) };
const lr = hostScalar(0.1);
const arrays = (state: { w: DeviceTensor; v: DeviceTensor }) => [state.w.storage(), state.v.storage()];

it("momentum is written over the old one, weights are not; the numbers are the same", async () => {
  const [own, copies] = [jit(step, { donate: [0] }), jit(step)];
  let [a, b] = [await own(start, x, lr), await copies(start, x, lr)];
  for (let i = 0; i < 4; i++) {
    const before = arrays(a.state);
    [a, b] = [await own(a.state, x, lr), await copies(b.state, x, lr)];
    const after = arrays(a.state);
    // Two results share what one old array leaves.
    expect(after.filter((array) => array === before[1])).toHaveLength(1);
    expect(after).not.toContain(before[0]);
    for (const name of ["w", "v"] as const)
      expect(await a.state[name].data()).toEqual(await b.state[name].data());
    expect(await a.loss.data()).toEqual(await b.loss.data());
  }
  await Promise.all([own.dispose(), copies.dispose()]);
});

it("large weights are, once the gradient by the layer's input has read them; the numbers are the same", async () => {
  type Layers = { readonly first: tf.Tensor; readonly second: tf.Tensor };
  const net = (state: Layers, y: tf.Tensor, rate: tf.Tensor) => {
    const { loss, grads } = valueAndGrad((layers: Layers) => {
      const hidden = tf.tanh(tf.matMul(y as tf.Tensor2D, layers.first as tf.Tensor2D));
      return { loss: tf.mean(tf.square(tf.matMul(hidden as tf.Tensor2D, layers.second as tf.Tensor2D))) };
    })(state);
    const moved = (name: keyof Layers) => tf.sub(state[name], tf.mul(grads[name], rate));
    return { state: { first: moved("first"), second: moved("second") }, loss };
  };
  const layers = { first: floats([512, 512], 4), second: floats([512, 512], 5) };
  const rows = floats([8, 512], 6, -0.1, 0.1);
  const [own, copies] = [jit(net, { donate: [0] }), jit(net)];
  let [a, b] = [await own(layers, rows, lr), await copies(layers, rows, lr)];
  for (let i = 0; i < 3; i++) {
    const before = [a.state.first.storage(), a.state.second.storage()];
    [a, b] = [await own(a.state, rows, lr), await copies(b.state, rows, lr)];
    for (const [place, name] of (["first", "second"] as const).entries()) {
      expect(a.state[name].storage()).toBe(before[place]);
      const [mine, other] = [await a.state[name].data(), await b.state[name].data()];
      expect(Buffer.compare(Buffer.from(mine.buffer), Buffer.from(other.buffer))).toBe(0);
    }
  }
  await Promise.all([own.dispose(), copies.dispose()]);
});

it("what others read, too, is not written over: another operation, another argument, the caller", async () => {
  const twice = (v: tf.Tensor, y: tf.Tensor) => ({
    v: tf.add(tf.mul(v, 0.9), y),
    other: tf.div(tf.exp(v), y),
  });
  const read = jit(twice, { donate: [0] });
  const first = await read(start.v, x);
  const old = first.v.storage();
  const second = await read(first.v, x);
  expect(second.v.storage()).not.toBe(old);
  await read.dispose();

  const moved = jit((v: tf.Tensor, y: tf.Tensor) => tf.add(tf.mul(v, 0.9), tf.sin(y)), { donate: [0] });
  const v = await moved(start.v, x);
  const numbers = Array.from(await v.data());
  const both = await (await moved(v, v)).data();
  for (const [i, number] of numbers.entries())
    expect(both[i]).toBeCloseTo(0.9 * number + Math.sin(number), 6);
  await moved.dispose();

  const host = hostTensor(Float32Array.of(1, 2), [2]);
  const kept = jit((y: tf.Tensor) => tf.add(tf.mul(y, 2), 1), { donate: [0] });
  expect(Array.from(await (await kept(host)).data())).toEqual([3, 5]);
  expect(Array.from(host.data)).toEqual([1, 2]);
  await kept.dispose();
});

type Program = (...args: tf.Tensor[]) => tf.Tensor[];

/** Results of a program of two 16 × 16 arguments, both donated: in arrays of their own, and over what they replace. */
async function bothWays(target: Target, fn: Program) {
  const given = [floats([16, 16], 1), floats([16, 16], 2), floats([16, 16], 3)];
  const donated = new Set([0, 1]);
  const { graph } = traceProgram("program", fn as never, flattenArguments(given));
  const prepared = target.prepare?.(graph) ?? graph;
  const results = async (inPlace: boolean) => {
    const model = new Lowering(inPlace ? updateLast(prepared, donated, 1) : prepared, target).model();
    const places = inPlace ? overwritable(model, donated, 1) : new Map<number, number>();
    const session = await Session.create(model, encodeModel(model), { providers: ["cpu"], threads: 1 });
    const inputs = given.map(({ data }) => data.slice());
    const values = await session.run(inputs, (_, place) => inputs[places.get(place) ?? -1]);
    await session.dispose();
    return { places, values: values as HostTensor["data"][] };
  };
  const [own, over] = [await results(false), await results(true)];
  return { expected: own.values, values: over.values, overwritten: over.places.size };
}

const tensor2D = (x: tf.Tensor): tf.Tensor2D => x as tf.Tensor2D;
const operations = [
  tf.add, tf.sub, tf.mul, tf.maximum,
  (a: tf.Tensor, b: tf.Tensor) => tf.matMul(tensor2D(a), tensor2D(b)),
  (a: tf.Tensor, b: tf.Tensor) => tf.matMul(tensor2D(a), tensor2D(b), true),
  (a: tf.Tensor, b: tf.Tensor) => tf.concat([tf.slice(a, [8, 0]), tf.slice(b, [0, 0], [8, 16])]),
  (a: tf.Tensor) => tf.tanh(a), (a: tf.Tensor) => tf.neg(a), (a: tf.Tensor) => tf.transpose(a),
  (a: tf.Tensor) => tf.reshape(tf.transpose(tf.reshape(a, [8, 2, 16])), [16, 16]),
  (a: tf.Tensor) => tf.add(tf.zerosLike(a), tf.sum(a, 0)),
]; // biome-ignore format: a list

it("random programs that donate what they replace give the same bits", async () => {
  const pick = fc.nat(99);
  const program = fc.array(fc.tuple(pick, pick, pick), { minLength: 1, maxLength: 10 });
  const ends = fc.tuple(fc.nat(3), fc.nat(3), pick, pick);
  const { target } = await probeCpu();
  let overwritten = 0;
  await fc.assert(
    fc.asyncProperty(program, program, ends, async (before, after, [first, second, i, j]) => {
      const fn: Program = (...args) => {
        const values = [...args];
        const at = (place: number): tf.Tensor => values[place % values.length]!;
        const record = (steps: typeof before): tf.Tensor => {
          for (const [kind, a, b] of steps) values.push(operations[kind % operations.length]!(at(a), at(b)));
          return values.at(-1)!;
        };
        const last = record(before);
        // As weights are updated, as momenta are, by what was made last; or anything.
        const update = (kind: number, old: tf.Tensor, other: tf.Tensor): tf.Tensor =>
          [tf.sub(old, last), tf.add(tf.mul(old, 0.5), other), tf.add(other, old), tf.tanh(other)][kind]!;
        const updates = [update(first, values[0]!, at(i)), update(second, values[1]!, at(j))];
        return [...updates, record(after)];
      };
      for (const lowering of [target, portable]) {
        const result = await bothWays(lowering, fn);
        overwritten += result.overwritten;
        for (const [place, data] of result.values.entries())
          expect(Buffer.from(data.buffer).equals(Buffer.from(result.expected[place]!.buffer))).toBe(true);
      }
    }),
    { numRuns: 120 },
  );
  expect(overwritten).toBeGreaterThan(60);
}, 60_000);

it("a view of the old numbers that is read later keeps them", async () => {
  const fn: Program = (w, x) => {
    const row = tf.reshape(w!, [256]);
    const moved = tf.sub(w!, tf.reshape(tf.mul(row, 0.5), [16, 16]));
    // Waits for the update, and for as long as a product takes.
    const late = tf.tanh(tf.add(row, tf.sum(tf.matMul(tensor2D(moved), tensor2D(x!)))));
    return [moved, x!, late];
  };
  const { target } = await probeCpu();
  for (const lowering of [target, portable]) {
    const { values, expected, overwritten } = await bothWays(lowering, fn);
    expect(overwritten).toBe(0);
    expect(values).toEqual(expected);
  }
});

it("after a call that failed, what it may have overwritten cannot be used", async () => {
  const own = jit(step, { donate: [0] });
  const { state } = await own(start, x, lr);
  const run = Session.prototype.run;
  vi.spyOn(Session.prototype, "run").mockImplementationOnce(async function (this: Session, inputs, reusable) {
    await run.call(this, inputs, reusable);
    throw new Error("stopped");
  });
  await expect(own(state, x, lr)).rejects.toThrow("stopped");
  await expect(own(state, x, lr)).rejects.toThrow("donated to a later call, which overwrote it");
  await own.dispose();
});
