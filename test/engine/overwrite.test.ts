/** Donated state that is updated where it lies: which results may be, and that the numbers are those of copies. */
import { afterEach, expect, it, vi } from "vitest";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { hostScalar, hostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
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
