/** Loss scaling: the rule of the scale, steps that overflow and change nothing, and a training that learns as in float32. */
import { expect, test } from "vitest";
import type { HostTensor } from "../../src/engine/host.js";
import { hostScalar, hostTensor } from "../../src/engine/host.js";
import { eager } from "../../src/engine/jit.js";
import type { tf } from "../../src/engine/tf.js";
import { toHost } from "../../src/engine/to-host.js";
import type { Tree } from "../../src/engine/tree.js";
import { TrainingError } from "../../src/support/errors.js";
import { namedLeaves } from "../../src/train/checkpoint.js";
import { createDataset } from "../../src/train/dataset.js";
import { epochEvaluator } from "../../src/train/evaluation.js";
import { checkLossScale, type LossScale, nextLossScale, unscale } from "../../src/train/loss-scale.js";
import { createProgram, type TrainProgram } from "../../src/train/program.js";
import { tinyConfig, tinyDataset } from "./methods/tiny.js";

const number = async (tensor: { data(): Promise<ArrayLike<number>> }) => (await tensor.data())[0]!;

test("the scale is halved at once, and doubled after so many good steps in a row", async () => {
  const next = eager((state: LossScale<tf.Tensor>, finite: tf.Tensor) =>
    nextLossScale(state, finite, { growEvery: 3 }),
  );
  let state: LossScale<HostTensor> = { scale: hostScalar(8), good: hostScalar(0) };
  const scales: number[] = [];
  for (const finite of [1, 1, 0, 1, 1, 1, 1, 1, 0, 0]) {
    const result = await next(state, hostTensor(Uint8Array.of(finite), [], "bool"));
    state = { scale: await result.scale.host(), good: await result.good.host() };
    scales.push(state.scale.data[0]!);
  }
  expect(scales).toEqual([8, 8, 4, 4, 4, 8, 8, 8, 4, 2]);
});

test.each([
  ["finite", 3, 1],
  ["infinite", Number.POSITIVE_INFINITY, 0],
  ["negative and infinite", Number.NEGATIVE_INFINITY, 0],
  ["not a number", Number.NaN, 0],
])("gradients are divided by the scale; one that is %s", async (_, value, finite) => {
  const run = eager((grads: Tree<tf.Tensor>, scale: tf.Tensor) => unscale(grads, scale));
  const grads = { a: hostTensor(Float32Array.of(8, value), [2]), b: hostScalar(-2) };
  const result = await run(grads, 4);
  expect(await number(result.finite)).toBe(finite);
  const unscaled = result.grads as unknown as {
    a: { data(): Promise<Float32Array> };
    b: { data(): Promise<Float32Array> };
  };
  expect([...(await unscaled.a.data()), ...(await unscaled.b.data())]).toEqual(
    finite ? [2, value / 4, -0.5] : [0, 0, 0],
  );
});

async function state(program: TrainProgram, steps: number) {
  let now = program.initial() as Parameters<TrainProgram["run"]>[0];
  const metrics: Record<string, number>[] = [];
  const states: Map<string, HostTensor>[] = [];
  for (let step = 0; step < steps; step++) {
    const result = await program.run(now, step);
    now = result.state;
    metrics.push(result.metrics);
    states.push(namedLeaves((await toHost(now)) as Tree<HostTensor>));
  }
  await program.dispose();
  return { metrics, states };
}

test.each([1, 2])(
  "a scale that is far too large: steps change nothing but the scale, until one fits (%i parts)",
  async (parts) => {
    const config = tinyConfig(
      "precision=mixed",
      "lossScale={start: 1e12, growEvery: 1000}",
      `accumulate=${parts}`,
      "method.name=byol",
      "clipNorm=10",
    );
    const program = createProgram(config, tinyDataset());
    const initial = namedLeaves(program.initial() as Tree<HostTensor>);
    const { metrics, states } = await state(program, 40);
    const skipped = metrics.findIndex((of) => of.skipped === 0);
    expect(skipped).toBeGreaterThan(5);
    const later = metrics.slice(skipped).map((of) => of.skipped!);
    expect(later.reduce((sum, x) => sum + x)).toBeLessThan(3); // one that just fits may not fit the next batch
    for (let step = 0; step < skipped; step++) {
      expect(metrics[step]).toMatchObject({
        skipped: 1,
        lossScale: Math.fround(1e12) / 2 ** step,
        gradNorm: 0,
      });
      expect(metrics[step]!.loss).toBeGreaterThan(0);
    }
    for (const [path, { data }] of states[skipped - 1]!)
      if (!path.startsWith("lossScale")) expect(data, path).toEqual(initial.get(path)!.data);
    const changed = [...states[skipped]!].filter(
      ([path, { data }]) => !data.every((x, i) => x === initial.get(path)!.data[i]),
    );
    for (const part of ["params.", "state.encoder", "state.teacher.state", "optimiser."])
      expect(
        changed.some(([path]) => path.startsWith(part)),
        part,
      ).toBe(true);
    expect(metrics[skipped]!.gradNorm).toBeGreaterThan(0);
  },
);

test("a scale that never fits is an error", () => {
  expect(() => checkLossScale({ lossScale: 2 ** -15 })).toThrow(TrainingError);
  expect(() => checkLossScale({ lossScale: 2 ** -14 })).not.toThrow();
  expect(() => checkLossScale({})).not.toThrow();
});

test("a training learns what it learns in float32", async () => {
  const results = [];
  for (const precision of ["float32", "mixed"]) {
    const config = tinyConfig(
      "data.train=1000",
      "batch=100",
      "encoder.widths=[8,16,32]",
      "projector=32-16",
      "epochs=4",
      "optimiser={name: adamw, lr: 0.01}",
      `precision=${precision}`,
    );
    const dataset = await createDataset(config, "train");
    const program = createProgram(config, dataset);
    const evaluate = epochEvaluator(config, program, dataset);
    let now = program.initial() as Parameters<TrainProgram["run"]>[0];
    const { knn: before } = await evaluate(await toHost(now));
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) {
      const result = await program.run(now, step);
      now = result.state;
      losses.push(result.metrics.loss!);
    }
    const { knn: after } = await evaluate(await toHost(now));
    results.push({ before: before!, after: after!, losses });
    await program.dispose();
  }
  const [full, half] = results as [(typeof results)[0], (typeof results)[0]];
  const late = (losses: number[]) => losses.slice(-10).reduce((sum, x) => sum + x) / 10;
  expect(half.losses).not.toEqual(full.losses);
  expect(Math.abs(late(half.losses) - late(full.losses))).toBeLessThan(0.1);
  for (const { before, after } of results) expect(after).toBeGreaterThan(before + 0.05);
  expect(Math.abs(half.after - full.after)).toBeLessThan(0.06);
});
