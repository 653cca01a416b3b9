/** The real program in the loop: images, views, networks. Two runs agree, and so do whole and interrupted ones. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HostTensor } from "../../src/engine/host.js";
import { eager, jit } from "../../src/engine/jit.js";
import { probeCpu } from "../../src/engine/run/device.js";
import { cacheSize } from "../../src/engine/run/model-cache.js";
import type { tf } from "../../src/engine/tf.js";
import { toHost } from "../../src/engine/to-host.js";
import { flatten, leafPaths, type Tree } from "../../src/engine/tree.js";
import { ConfigError, TrainingError } from "../../src/support/errors.js";
import { readConfig } from "../../src/train/config/parse.js";
import type { TrainConfig } from "../../src/train/config/schema.js";
import { createDataset } from "../../src/train/dataset.js";
import { createProgram, type TrainState } from "../../src/train/program.js";
import { readLines } from "../../src/train/run-folder.js";
import { loadEncoder, trainEncoder } from "../../src/train/train.js";
import { relativeError } from "../support/close.js";
import { generator } from "../support/data.js";
import { inDoubles } from "../support/exact.js";
import { noBlocks, testWhere } from "../support/needs.js";
import { tinyConfig, tinyDataset } from "./methods/tiny.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-program-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** 4 steps an epoch on embedded Fashion-MNIST, 12 in all, saved after every second. */
function config(...overrides: string[]): TrainConfig {
  return readConfig(undefined, [
    "name=run",
    "data.train=64",
    "batch=16",
    "epochs=3",
    "encoder.widths=[4,8]",
    "projector=10-6",
    "checkpoint.everyEpochs=0.5",
    "tensorboard=false",
    ...overrides,
  ]);
}

function bytes(runs: string, file: string): Buffer {
  return readFileSync(join(folder, runs, "run", file));
}

const last = "checkpoints/step-12.safetensors";

test("two runs with one seed write the same metrics and the same weights; another seed does not", async () => {
  await trainEncoder(config(), { runs: join(folder, "a") });
  await trainEncoder(config(), { runs: join(folder, "b") });
  await trainEncoder(config("seed=2"), { runs: join(folder, "c") });
  expect(readLines(join(folder, "a/run/metrics.jsonl"))).toHaveLength(12);
  for (const file of ["metrics.jsonl", last]) {
    expect(bytes("b", file).equals(bytes("a", file))).toBe(true);
    expect(bytes("c", file).equals(bytes("a", file))).toBe(false);
  }
});

describe("interrupted at random steps, a run ends with the bits of one that was not", () => {
  test.each([
    ["byol, with its teacher", ["method.name=byol"]],
    ["moco, with its queue", ["method.name=moco", "method.queue=32"]],
    ["simclr against one patch", ["method.negatives={name: patch, copies: 5}"]],
    ["a ramp of the resolution", ["resolution={min: 12, max: 20, endEpoch: 2}"]],
    ["gradients of two parts", ["accumulate=2", "clipNorm=1"]],
    [
      "mixed precision, with steps that overflow",
      ["precision=mixed", "lossScale={start: 1e9, growEvery: 2}"],
    ],
    ["online probes, evaluated", ["probes.online=true", "evaluateEvery=1"]],
  ])("%s", async (_, overrides) => {
    const asked = config(...overrides);
    await trainEncoder(asked, { runs: join(folder, "whole") });
    const next = generator(overrides.length + 3);
    for (let done = 0; done < 12; ) {
      const abort = new AbortController();
      const stop = done + 1 + Math.floor(5 * next());
      const result = await trainEncoder(asked, {
        runs: join(folder, "parts"),
        signal: abort.signal,
        onStep: ({ step }) => {
          if (step >= stop) abort.abort();
        },
      });
      done = result.step;
    }
    for (const file of ["metrics.jsonl", last])
      expect(bytes("parts", file).equals(bytes("whole", file)), file).toBe(true);
  });
});

testWhere(
  (await probeCpu()).target.block !== undefined,
  noBlocks,
  "every optimisation at once: two runs, and one that was interrupted and read its program from the disk, have the same bits",
  async () => {
    const asked = config("encoder={name: resnet18, width: 16}", "recompute=true", "epochs=2");
    const { step, initial, input } = createProgram(asked, await createDataset(asked, "train"));
    const compiled = jit(step as never as (state: tf.Tensor, input: tf.Tensor) => tf.Tensor, {
      recompute: true,
    });
    const model = await compiled.onnx(initial() as never, input(0) as never);
    const text = Buffer.from(model).toString("latin1");
    // Blocked and fused convolutions, Winograd's products and their gradients, blocks that are computed again.
    for (const part of ["com.microsoft.nchwc", "activation", "FusedMatMul", "transA", "recompute/"])
      expect(text).toContain(part);
    vi.stubEnv("JESSL_CACHE", undefined);
    vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
    try {
      const runs = (name: string) => ({ runs: join(folder, name) });
      await trainEncoder(asked, runs("whole"));
      expect(cacheSize().entries).toBe(1);
      for (const stop of [3, 8]) {
        const abort = new AbortController();
        const onStep = ({ step: done }: { step: number }) => (done >= stop ? abort.abort() : undefined);
        const { step: reached } = await trainEncoder(asked, {
          ...runs("parts"),
          signal: abort.signal,
          onStep,
        });
        expect(reached).toBe(stop);
      }
      vi.stubEnv("JESSL_CACHE", "off");
      await trainEncoder(asked, runs("again"));
      for (const file of ["metrics.jsonl", "checkpoints/step-8.safetensors"])
        for (const other of ["parts", "again"])
          expect(bytes(other, file).equals(bytes("whole", file)), `${other}: ${file}`).toBe(true);
    } finally {
      vi.unstubAllEnvs();
    }
  },
);

test("one thread and two: runs that agree up to rounding", async () => {
  const weights = async (threads: number) => {
    const program = createProgram(
      config(`threads=${threads}`, "optimiser={name: sgd, lr: 0.05}"),
      tinyDataset(64, 28),
    );
    let state: Parameters<typeof program.run>[0] = program.initial();
    for (let step = 0; step < 4; step++) state = (await program.run(state, step)).state;
    const leaves = flatten<HostTensor>((await toHost(state)) as Tree<HostTensor>).leaves;
    await program.dispose();
    return leaves[0]!.data;
  };
  expect(relativeError(await weights(2), await weights(1))).toBeLessThan(1e-4);
});

test("a loss that becomes infinite ends the run with the step, the last good checkpoint and advice", async () => {
  const asked = config("optimiser={name: sgd, lr: 1e30}", "schedule.warmupEpochs=0");
  const failing = trainEncoder(asked, { runs: folder });
  await expect(failing).rejects.toThrow(TrainingError);
  await expect(failing).rejects.toThrow(
    /at step \d+: expected a finite number, got (NaN|-?Infinity); .*checkpoint.* A lower learning rate/,
  );
});

test("the best checkpoint loads as well as the latest and that of a step", async () => {
  await trainEncoder(config("checkpoint={everyEpochs: 0.5, keep: 1, best: lr, bestIs: max}"), {
    runs: folder,
  });
  const path = join(folder, "run");
  const numbers = async (which?: "latest" | "best" | number) =>
    (flatten((await loadEncoder(path, which)).variables.params).leaves[0] as HostTensor).data;
  const best = JSON.parse(readFileSync(join(path, "checkpoints/best.json"), "utf8")) as { step: number };
  expect(best.step).toBeLessThan(12);
  expect(await numbers("best")).toEqual(await numbers(best.step));
  expect(await numbers("best")).not.toEqual(await numbers());
  expect(await numbers("latest")).toEqual(await numbers(12));
  await expect(numbers(3)).rejects.toThrow(/expected step 3, found/);
});

describe("the resolution ramp", () => {
  test("views have the epoch's side", async () => {
    const own = createProgram(
      config(
        "resolution={min: 12, max: 20, endEpoch: 2}",
        "views={pipelines: [[{name: randomResizedCrop}, {name: gaussianNoise}]]}",
      ),
      tinyDataset(64, 28),
    );
    for (const [epoch, side] of [12, 16, 20].entries()) {
      const [[, noise]] = own.input(4 * epoch).drawn as unknown as [[object, { noise: HostTensor }]];
      expect(
        Object.values(noise)[0]!
          .shape.slice(1)
          .filter((length: number) => length === side),
      ).toHaveLength(2);
    }
    await own.dispose();
  });

  test("a pipeline that cannot change the size is an error", () => {
    const asked = config(
      "resolution={min: 12, max: 20, endEpoch: 2}",
      "views={pipelines: [[{name: horizontalFlip}]]}",
    );
    expect(() => createProgram(asked, tinyDataset(64, 28))).toThrow(ConfigError);
    expect(() => createProgram(asked, tinyDataset(64, 28))).toThrow(
      /resolution: expected a randomResizedCrop in views\.pipelines\.0/,
    );
  });
});

test("gradients of parts are averaged: the step of two parts by hand", async () => {
  const dataset = tinyDataset();
  // Plain SGD, no momentum yet at the first step: the weights move by −lr times the mean of the gradients.
  const whole = createProgram(tinyConfig("batch=8", "accumulate=2"), dataset);
  const start = whole.initial() as unknown as TrainState<HostTensor>;
  const input = whole.input(0);
  const half = (part: number) => {
    const cut = (leaf: HostTensor): HostTensor => {
      const size = leaf.data.length / 2;
      return {
        ...leaf,
        shape: [leaf.shape[0]! / 2, ...leaf.shape.slice(1)],
        data: leaf.data.slice(part * size, (part + 1) * size),
      };
    };
    const drawn = input.drawn.map((view) =>
      view.map((op) => Object.fromEntries(Object.entries(op).map(([name, leaf]) => [name, cut(leaf)]))),
    );
    return { ...input, images: cut(input.images), labels: cut(input.labels), drawn };
  };
  const step = eager(whole.step);
  const stepOf = async (state: TrainState<HostTensor>, part: number) => {
    const result = await step(state, half(part));
    return (await toHost(result.state as unknown as Tree<never>)) as unknown as TrainState<HostTensor>;
  };
  // What the parts should give, without the rounding of float32.
  const { value } = await inDoubles(async () => {
    const first = await stepOf(start, 0);
    return { first, second: await stepOf({ ...start, state: first.state }, 1) };
  });
  const { first, second } = value;
  const both = (await toHost(
    (
      await whole.run(whole.initial(), 0)
    ).state,
  )) as unknown as TrainState<HostTensor>;
  const paths = leafPaths(both.params as Tree<HostTensor>);
  const [got, a, b] = [both, first, second].map(({ params }) => flatten(params as Tree<HostTensor>).leaves);
  for (const [i, path] of paths.entries()) {
    const expected = a![i]!.data.map((value, j) => (value + b![i]!.data[j]!) / 2);
    if (!path.endsWith("linear1.bias"))
      expect(relativeError(got![i]!.data, expected), path).toBeLessThanOrEqual(1e-5);
  }
  const statistics = (state: TrainState<HostTensor>) => flatten(state.state as Tree<HostTensor>).leaves;
  for (const [i, leaf] of statistics(both).entries())
    expect(relativeError(leaf.data, statistics(second)[i]!.data)).toBeLessThanOrEqual(1e-5);
  await whole.dispose();
});
