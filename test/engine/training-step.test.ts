import { describe, expect, it } from "vitest";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { eager, jit } from "../../src/engine/jit.js";
import { type LoweringName, probeCpu } from "../../src/engine/run/device.js";
import { flatten, type Tree, unflatten } from "../../src/engine/tree.js";
import { ints } from "../support/data.js";
import { farFromExact, inDoubles, leastMargin, numbers } from "../support/exact.js";
import { type Architecture, initial, trainingStep } from "./convnet.js";

const architecture: Architecture = { channels: [16, 32, 32], strides: [1, 2, 1], hidden: 24, output: 8 };
const pixels = ints([12, 12, 12, 3], 5, 0, 256);
const images = hostTensor(Uint8Array.from(pixels.data), pixels.shape);

type Any = Tree<DeviceTensor>;

const { target } = await probeCpu();
const lowerings: LoweringName[] = target.block === undefined ? ["portable"] : ["portable", "blocked"];

describe("a training step: ConvNet, batch norm, projector, NT-Xent, SGD with momentum", () => {
  it.each(lowerings)("gives the eager loss, gradients and weights over three steps, %s", async (lowering) => {
    const step = trainingStep(architecture);
    const [compiled, eagerly] = [jit(step, { lowering }), eager(step)];
    let state = initial(architecture) as never;
    for (let i = 0; i < 3; i++) {
      const { value: exact, margin } = await inDoubles(async () =>
        numbers(await eagerly(state, images, 0.05)),
      );
      expect(margin, "the nearest input of a ReLU to zero").toBeGreaterThan(leastMargin);
      const plain = await eagerly(state, images, 0.05);
      const actual = await numbers(await compiled(state, images, 0.05));
      expect(farFromExact(actual, await numbers(plain), exact), `step ${i}`).toBeUndefined();
      state = plain.state as never;
    }
    await compiled.dispose();
  });

  it("runs the same with its state donated", async () => {
    const step = trainingStep(architecture);
    const [kept, donated] = [jit(step), jit(step, { donate: [0] })];
    let [a, b] = [initial(architecture), initial(architecture)] as never[];
    let losses: number[][] = [];
    for (let i = 0; i < 4; i++) {
      const [x, y] = [await kept(a!, images, 0.05), await donated(b!, images, 0.05)];
      losses = [...losses, [(await x.loss.data())[0]!, (await y.loss.data())[0]!]];
      const before = b as unknown as { params: { kernel0: DeviceTensor } };
      if (i > 0) await expect(before.params.kernel0.data()).rejects.toThrow(/donated to a later call/);
      [a, b] = [x.state, y.state] as never[];
    }
    for (const [x, y] of losses) expect(y).toBe(x);
    expect(losses[3]![0]).toBeLessThan(losses[0]![0]!);
    await Promise.all([kept.dispose(), donated.dispose()]);
  });

  it("gives the same bits in every run, and when it goes on from a state that was written down", async () => {
    const step = trainingStep(architecture);
    const run = async (from: unknown, steps: number) => {
      const compiled = jit(step, { donate: [0] });
      let state = from;
      for (let i = 0; i < steps; i++) state = (await compiled(state as never, images, 0.05)).state;
      const host = await Promise.all(flatten(state as Any).leaves.map(async (leaf) => await leaf.host()));
      await compiled.dispose();
      return { tree: unflatten<HostTensor>(flatten(state as Any).definition, host), host };
    };
    const [first, second] = [await run(initial(architecture), 4), await run(initial(architecture), 4)];
    const resumed = await run((await run(initial(architecture), 2)).tree, 2);
    for (const [i, { data }] of first.host.entries())
      for (const other of [second, resumed])
        expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(other.host[i]!.data.buffer))).toBe(0);
  });
});
