/**
 * Mixed precision against PyTorch's, with autocast and a GradScaler, over steps some of which overflow
 * (fixtures/mixed.json, written by write_mixed.py).
 */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { valueAndGrad } from "../../src/engine/grad.js";
import { type HostTensor, hostScalar, hostTensor } from "../../src/engine/host.js";
import { type JitOptions, jit } from "../../src/engine/jit.js";
import { tf } from "../../src/engine/tf.js";
import { toHost } from "../../src/engine/to-host.js";
import type { Tree } from "../../src/engine/tree.js";
import { supervised } from "../../src/loss/supervised.js";
import { sgd } from "../../src/optim/sgd.js";
import { initLossScale } from "../../src/train/loss-scale.js";
import { scaledStep } from "../../src/train/scaled-step.js";
import { inOne, type StepFunctions, type StepInput, type TrainState } from "../../src/train/step.js";

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}

interface Fixture {
  readonly start: { readonly [param: string]: Numbers };
  readonly labels: number[];
  readonly images: Numbers[];
  readonly options: {
    readonly rate: number;
    readonly momentum: number;
    readonly start: number;
    readonly growEvery: number;
  };
  readonly steps: { readonly loss: number; readonly scale: number; readonly skipped: number }[];
  readonly after: { readonly [param: string]: Numbers };
}

const fixture = JSON.parse(readFileSync(new URL("fixtures/mixed.json", import.meta.url), "utf8")) as Fixture;
const { options, labels } = fixture;

type Network = { readonly [param in "kernel" | "matrix1" | "bias1" | "matrix2" | "bias2"]: tf.Tensor };

function lossOf(p: Network, images: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  const pixels = tf.conv2d(images as tf.Tensor4D, p.kernel as tf.Tensor4D, 1, "same");
  const features = tf.mean(tf.relu(pixels), [1, 2]);
  const hidden = tf.relu(tf.add(tf.matMul(features, p.matrix1), p.bias1));
  const logits = tf.add(tf.matMul(hidden, p.matrix2), p.bias2);
  return supervised(logits as tf.Tensor2D, targets as tf.Tensor1D);
}

const optimiser = sgd({ momentum: options.momentum });

const gradients: StepFunctions["gradients"] = ({ params, state }, { images, labels: targets }, scale) => {
  const differentiate = valueAndGrad((p: Tree<tf.Tensor>) => {
    const loss = lossOf(p as Network, images, targets);
    return { loss: scale ? tf.mul(loss, scale) : loss, aux: { loss } };
  });
  const { grads, aux } = differentiate(params);
  return { grads: { method: grads, probes: null }, state, metrics: aux };
};
const update: StepFunctions["update"] = ({ params, state, optimiser: slots }, { method }, { lr }) => {
  const updated = optimiser.update(params, method, slots, lr);
  return {
    state: { params: updated.params as TrainState<tf.Tensor>["params"], state, optimiser: updated.state },
    metrics: {},
  };
};

const host = ({ shape, data }: Numbers): HostTensor => hostTensor(Float32Array.from(data), shape);

async function train({ precision, skips }: { precision: JitOptions["precision"]; skips: boolean }) {
  const functions: StepFunctions = { gradients, update, step: inOne(gradients, update) };
  const { step: fn } = skips ? scaledStep(functions, options) : functions;
  const step = jit(
    (state: TrainState<tf.Tensor>, input: StepInput<tf.Tensor>) => fn(state, input),
    precision ? { precision } : {},
  );
  const params = Object.fromEntries(
    Object.entries(fixture.start).map(([name, value]) => [name, host(value)]),
  );
  let state: TrainState<HostTensor> = {
    params,
    state: {},
    optimiser: optimiser.init(params),
    ...(skips && { lossScale: initLossScale(options) }),
  };
  const steps: Record<string, number>[] = [];
  for (const [i, images] of fixture.images.entries()) {
    if (!skips && fixture.steps[i]!.skipped) continue;
    const input = {
      images: host(images),
      labels: hostTensor(Int32Array.from(labels), [labels.length]),
      drawn: [],
      scalars: { lr: hostScalar(options.rate) },
    };
    const result = await step(state as never, input as never);
    state = (await toHost(result.state as never)) as unknown as TrainState<HostTensor>;
    const metrics = (await toHost(result.metrics as never)) as unknown as Record<string, HostTensor>;
    steps.push(Object.fromEntries(Object.entries(metrics).map(([name, { data }]) => [name, data[0]!])));
  }
  await step.dispose();
  return { steps, params: state.params as { readonly [param: string]: HostTensor } };
}

type Trained = Awaited<ReturnType<typeof train>>;
let [mixed, full] = [] as unknown as [Trained, Trained];
beforeAll(async () => {
  mixed = await train({ precision: "mixed", skips: true });
  full = await train({ precision: "float32", skips: false });
});

/** How far training went another way than PyTorch, as a part of the way from the start. */
function deviation({ params }: Trained, name: string): number {
  const [start, after] = [fixture.start[name]!.data, fixture.after[name]!.data];
  const norm = (values: number[]) => Math.hypot(...values);
  const difference = after.map((value, i) => params[name]!.data[i]! - value);
  return norm(difference) / norm(after.map((value, i) => value - start[i]!));
}

test("scales and skipped steps are the same", () => {
  const of = (name: string) => mixed.steps.map((step) => step[name]);
  expect(of("lossScale")).toEqual(fixture.steps.map(({ scale }) => scale));
  expect(of("skipped")).toEqual(fixture.steps.map(({ skipped }) => skipped));
  expect(new Set(of("skipped"))).toEqual(new Set([0, 1]));
});

// Both round the same numbers, but sum in another order: now and then a sum falls on the other side of a border between two
// float16, which are 2⁻¹⁰ of it apart at most.
const unit = 2 ** -10;

test("losses are the same to the digits of float32 before the first update, then within float16's last place", () => {
  const first = fixture.steps.findIndex(({ skipped }) => !skipped);
  for (const [i, { loss }] of fixture.steps.entries())
    expect(Math.abs(mixed.steps[i]!.loss! / loss - 1), `step ${i}`).toBeLessThan(i <= first ? 1e-6 : unit);
});

test.each(Object.keys(fixture.start))("%s goes PyTorch's way, which is not that of float32", (name) => {
  expect(deviation(mixed, name)).toBeLessThan(unit);
  expect(deviation(full, name)).toBeGreaterThan(deviation(mixed, name));
});
