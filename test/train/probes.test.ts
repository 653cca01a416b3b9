/** Online probes: they learn what the layers know, and the networks do not notice them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatScores } from "../../src/cli/train.js";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import type { HostTensor } from "../../src/engine/host.js";
import { eager } from "../../src/engine/jit.js";
import { toHost } from "../../src/engine/to-host.js";
import { flatten, leafPaths, type Tree } from "../../src/engine/tree.js";
import { encode } from "../../src/evaluate/encode.js";
import { labelRanks, largestOf, topShare } from "../../src/evaluate/ranks.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { readCheckpoint } from "../../src/train/checkpoint.js";
import { readConfig } from "../../src/train/config/parse.js";
import { printConfig } from "../../src/train/config/print.js";
import { createDataset } from "../../src/train/dataset.js";
import { createProbes, layerNames } from "../../src/train/probes.js";
import { createProgram } from "../../src/train/program.js";
import { readLines } from "../../src/train/run-folder.js";
import { trainEncoder } from "../../src/train/train.js";
import { expectClose } from "../support/close.js";
import { floats } from "../support/data.js";
import { tinyConfig, tinyDataset } from "./methods/tiny.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-probes-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function named(state: unknown): Map<string, ArrayLike<number>> {
  const tree = state as Tree<HostTensor>;
  const paths = leafPaths(tree);
  return new Map(flatten(tree).leaves.map(({ data }, i) => [paths[i]!, data]));
}

/** The state after some steps on the tiny data set, and the metrics of each. */
async function trained(steps: number, ...overrides: string[]) {
  const own = createProgram(tinyConfig(...overrides), tinyDataset());
  let state = own.initial();
  const metrics: Record<string, number>[] = [];
  for (let i = 0; i < steps; i++) {
    const result = await own.run(state, i);
    state = await toHost(result.state);
    metrics.push(result.metrics);
  }
  await own.dispose();
  return { state: named(state), metrics };
}

describe("the networks of a run with probes have the bits of those of the run without", () => {
  test.each([
    ["simclr", ["optimiser.name=adamw", "clipNorm=0.5"]],
    ["byol", ["method.name=byol"]],
    ["vicreg, gradients of two parts", ["method.name=vicreg", "accumulate=2"]],
    [
      "supervised, one view of mixed labels",
      ["method.name=supervised", "views={pipelines: [[{name: mixup}]]}"],
    ],
  ])("%s", async (_, overrides) => {
    const plain = await trained(4, ...overrides);
    const probed = await trained(4, ...overrides, "probes.online={lr: 0.1}");
    for (const [path, values] of plain.state) expect(probed.state.get(path), path).toEqual(values);
    const added = [...probed.state.keys()].filter((path) => !plain.state.has(path));
    expect(added.filter((path) => path.startsWith("probes.params."))).toEqual([
      "probes.params.representation.kernel",
      "probes.params.representation.bias",
      "probes.params.projector1.kernel",
      "probes.params.projector1.bias",
      "probes.params.projector2.kernel",
      "probes.params.projector2.bias",
    ]);
    for (const [i, line] of plain.metrics.entries()) expect(probed.metrics[i]).toMatchObject(line);
  });
});

test("they learn: the losses fall, those of the layers are not one another's", async () => {
  const { metrics } = await trained(60, "probes.online={lr: 0.05}", "epochs=20");
  for (const layer of ["representation", "projector1", "projector2"]) {
    const losses = metrics.map((line) => line[`probe/${layer}/loss`]!);
    expect(losses.slice(-5).reduce((a, b) => a + b) / 5, layer).toBeLessThan(0.8 * losses[0]!);
  }
  const last = metrics.at(-1)!;
  expect(new Set(["representation", "projector1", "projector2"].map((name) => last[`probe/${name}/loss`])).size).toBe(3); // biome-ignore format: one claim
});

test("a probe's loss and gradients are those of softmax regression", async () => {
  const probes = createProbes(4, { widths: [3] }, 3, { lr: 1e-4, weightDecay: 0 });
  expect(probes.names).toEqual(["representation", "projector1"]);
  const params = probes.init([0, 7]).params as Record<string, { kernel: HostTensor; bias: HostTensor }>;
  const layers = [floats([5, 4], 1), floats([5, 3], 2)];
  const labels = { data: Int32Array.of(0, 2, 1, 1, 0), shape: [5], dtype: "int32" } as const;
  const result = await eager(probes.gradients)(params as never, layers as never, labels as never);
  for (const [i, name] of probes.names.entries()) {
    const { kernel, bias } = params[name]!;
    const x = layers[i]!;
    const width = x.shape[1]!;
    const kernelGradient = new Float64Array(kernel.data.length);
    const biasGradient = new Float64Array(3);
    let loss = 0;
    for (let row = 0; row < 5; row++) {
      const logits = [0, 1, 2].map((c) =>
        Array.from({ length: width }, (_, j) => x.data[row * width + j]! * kernel.data[j * 3 + c]!).reduce(
          (a, b) => a + b,
          bias.data[c]!,
        ),
      );
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      loss -= Math.log(Math.exp(logits[labels.data[row]!]!) / total) / 5;
      for (const c of [0, 1, 2]) {
        const slope = (Math.exp(logits[c]!) / total - Number(labels.data[row] === c)) / 5;
        biasGradient[c]! += slope;
        for (let j = 0; j < width; j++) kernelGradient[j * 3 + c]! += slope * x.data[row * width + j]!;
      }
    }
    const metrics = result.metrics as unknown as Record<string, DeviceTensor>;
    expectClose(await metrics[`probe/${name}/loss`]!.data(), [loss], { absolute: 1e-6 });
    const grads = result.grads as unknown as Record<string, { kernel: DeviceTensor; bias: DeviceTensor }>;
    expectClose(await grads[name]!.kernel.data(), kernelGradient, { absolute: 1e-6 });
    expectClose(await grads[name]!.bias.data(), biasGradient, { absolute: 1e-6 });
  }
});

const small = [
  "name=run",
  "data.train=128",
  "batch=32",
  "epochs=2",
  "encoder.widths=[4,8]",
  "projector=10-6",
  "evaluateEvery=1",
  "tensorboard=false",
];

test("top-1 and top-5 of test images stand in the metrics, and are those of the checkpoint's weights", async () => {
  const config = readConfig(undefined, [...small, "probes.online={lr: 0.05}"]);
  const { encoder } = await trainEncoder(config, { runs: folder });
  const lines = readLines(join(folder, "run/metrics.jsonl"));
  const scored = lines.filter((line) => "probe/representation/top1" in line);
  expect(scored.map(({ step }) => step)).toEqual([4, 8]);
  const last = scored.at(-1)!;
  const { tensors } = readCheckpoint(join(folder, "run/checkpoints/step-8.safetensors"));
  const [kernel, bias] = ["kernel", "bias"].map(
    (name) => tensors.get(`probes.params.representation.${name}`)!.data,
  ) as [Float32Array, Float32Array];
  const held = await createDataset(config, "test");
  const { data } = await encode(encoder, held);
  const logits = Float64Array.from({ length: held.count * 10 }, (_, at) => {
    const [row, c] = [Math.floor(at / 10), at % 10];
    let sum = bias[c]!;
    for (let j = 0; j < 8; j++) sum += data[row * 8 + j]! * kernel[j * 10 + c]!;
    return sum;
  });
  const ranks = labelRanks(logits, 10, held.labels);
  expect(last["probe/representation/top1"]).toBeCloseTo(topShare(ranks, 1), 2);
  expect(last["probe/representation/top5"]).toBeCloseTo(topShare(ranks, 5), 2);
  for (const name of layerNames({ widths: [10, 6] }))
    expect(last[`probe/${name}/top5`]).toBeGreaterThan(last[`probe/${name}/top1`]!);
  const shown = [...layerNames({ widths: [10, 6] })].map((name) =>
    (100 * last[`probe/${name}/top1`]!).toFixed(1),
  );
  expect(formatScores(last)).toBe(` · kNN ${(100 * last.knn!).toFixed(1)} % · probes ${shown.join(" ")} %`);
  expect(formatScores(lines[0]!)).toBeUndefined();
});

test("the probes alone: of another run's networks, which stay as they are", async () => {
  await trainEncoder(readConfig(undefined, [...small, "name=before"]), { runs: folder });
  const from = join(folder, "before");
  const alone = [...small, "views.count=1", `probes={online: {lr: 0.05}, only: true, from: ${from}}`];
  await trainEncoder(readConfig(undefined, alone), { runs: folder });
  await trainEncoder(readConfig(undefined, [...alone, "accumulate=2", "name=parts"]), { runs: folder });
  const tensors = (run: string) =>
    readCheckpoint(join(folder, run, "checkpoints/step-8.safetensors")).tensors;
  const [before, after] = [tensors("before"), tensors("run")];
  const networks = [...after.keys()].filter((name) => /^(params|state)\./.test(name));
  expect(networks.length).toBeGreaterThan(10);
  for (const name of networks) expect(after.get(name), name).toEqual(before.get(name));
  expect([...after.keys()].some((name) => name.startsWith("optimiser."))).toBe(false);
  for (const run of ["run", "parts"]) {
    const lines = readLines(join(folder, run, "metrics.jsonl"));
    expect(lines.at(-1)!["probe/representation/loss"]).toBeLessThan(lines[0]!["probe/representation/loss"]!);
    const sum = ["representation", "projector1", "projector2"].reduce(
      (total, name) => total + lines[0]![`probe/${name}/loss`]!,
      0,
    );
    expect(lines[0]!.loss).toBeCloseTo(sum, 4);
  }
  const missing = readConfig(undefined, [
    ...small,
    "name=other",
    "probes={online: true, only: true, from: nowhere}",
  ]);
  await expect(trainEncoder(missing, { runs: folder })).rejects.toThrow(DataError);
  const wide = readConfig(undefined, [...alone, "name=wide", "encoder.widths=[4,9]"]);
  await expect(trainEncoder(wide, { runs: folder })).rejects.toThrow(/tensor params\.encoder.*expected .*9/);
});

test("what the configuration says, and what it must not", () => {
  expect(readConfig(undefined, []).probes).toEqual({ online: null, only: false, from: null });
  expect(readConfig(undefined, ["probes.online=true"]).probes.online).toEqual({
    lr: 1e-4,
    weightDecay: 0.01,
  });
  expect(readConfig(undefined, ["probes.online=false"]).probes.online).toBeNull();
  expect(readConfig(undefined, ["probes.online.lr=0.01"]).probes.online?.lr).toBe(0.01);
  for (const overrides of [[], ["probes.online=true"]])
    expect(printConfig(readConfig(undefined, overrides))).toContain("linear probes on the representation");
  expect(() => readConfig(undefined, ["probes.online.rate=1"])).toThrow(/unknown key probes\.online\.rate/);
  expect(() => readConfig(undefined, ["probes.online=much"])).toThrow(ConfigError);
  expect(() => readConfig(undefined, ["probes.only=true"])).toThrow(
    /probes\.only: expected probes\.online with it/,
  );
  expect(() => readConfig(undefined, ["probes={online: true, from: runs/a}"])).toThrow(/probes\.from/);
});

test("a data set without classes is an error", () => {
  const unlabelled = { ...tinyDataset(), labels: new Int32Array(24), classes: ["0"] };
  expect(() => createProgram(tinyConfig("probes.online=true"), unlabelled)).toThrow(
    /probes\.online: expected a data set with labels of 2 classes or more, got tiny with 1/,
  );
  expect(() => createProgram(tinyConfig(), unlabelled)).not.toThrow();
});

test("ranks: of equal scores the lower class stands before, and no number stands last", () => {
  const scores = Float64Array.of(1, 3, 2, 5, 5, 5, Number.NaN, 0, 1);
  expect([...labelRanks(scores, 3, [2, 1, 0])]).toEqual([1, 1, 2]);
  expect([...largestOf(scores.subarray(0, 6), 3)]).toEqual([1, 0]);
  expect(topShare(Int32Array.of(0, 1, 4, 5), 5)).toBe(0.75);
});
