/** The loop: a run that is stopped, killed or continued ends with the same bits and writes the same metrics. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { toHost } from "../../src/engine/to-host.js";
import { mapTree } from "../../src/engine/tree.js";
import { DataError, TrainingError } from "../../src/support/errors.js";
import { readBest } from "../../src/train/best.js";
import { listCheckpoints, readCheckpoint } from "../../src/train/checkpoint.js";
import { readConfig } from "../../src/train/config/parse.js";
import {
  type HostState,
  type LoopResult,
  type Program,
  type ResidentTensor,
  runLoop,
} from "../../src/train/loop.js";
import { readLines, runFolder } from "../../src/train/run-folder.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-loop-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = readConfig(undefined, ["epochs=3", "checkpoint.everyEpochs=0.4", "checkpoint.keep=2"]);

/** A chaotic map: any lost or repeated step, or a lost bit of the state, changes everything that follows. */
function chaos(failAt = -1): Program {
  return {
    stepsPerEpoch: 5,
    batch: 1,
    initial: () => ({
      params: { x: hostTensor(Float32Array.of(0.3, 0.6), [2]) },
      count: hostTensor(Int32Array.of(0), []),
    }),
    run(state, step) {
      const { params, count } = state as { params: { x: HostTensor }; count: HostTensor };
      expect(count.data[0]).toBe(step);
      const x = Float32Array.from(params.x.data, (v) => 3.9 * v * (1 - v) * (1 - 1e-3 * (step % 7)));
      const next = { params: { x: hostTensor(x, [2]) }, count: hostTensor(Int32Array.of(step + 1), []) };
      return Promise.resolve({ state: next, metrics: { loss: step === failAt ? Number.NaN : x[0]! } });
    },
  };
}

async function runUntil(stopAfter: number, path: string): Promise<LoopResult> {
  const abort = new AbortController();
  return runLoop(chaos(), config, runFolder(path), {
    signal: abort.signal,
    onStep: ({ step }) => {
      if (step === stopAfter) abort.abort();
    },
  });
}

test("a whole run: metrics of every step, the latest checkpoints, the final state", async () => {
  const seen: number[] = [];
  const run = runFolder(folder);
  const result = await runLoop(chaos(), config, run, { onStep: ({ step }) => seen.push(step) });
  expect(result).toMatchObject({ step: 15, totalSteps: 15, finished: true });
  expect(seen).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  expect(readLines(run.metrics).map(({ step }) => step)).toEqual(seen);
  expect(readLines(run.metrics)[6]).toMatchObject({ step: 7, epoch: 1.4 });
  expect(listCheckpoints(run.checkpoints)).toEqual([14, 15]);
});

describe("resume", () => {
  test.each([1, 5, 7, 14, 15])("after step %i it equals an uninterrupted run", async (stop) => {
    const whole = await runLoop(chaos(), config, runFolder(join(folder, "whole")));
    const partial = await runUntil(stop, join(folder, "parts"));
    expect(partial).toMatchObject({ step: stop, finished: stop === 15 });
    const resumed = await runUntil(-1, join(folder, "parts"));
    expect(resumed.state).toEqual(whole.state);
    for (const file of ["metrics.jsonl", "checkpoints/step-15.safetensors"])
      expect(readFileSync(join(folder, "parts", file))).toEqual(readFileSync(join(folder, "whole", file)));
  });

  test("what a kill leaves behind does not matter", async () => {
    const whole = await runLoop(chaos(), config, runFolder(join(folder, "whole")));
    const run = runFolder(join(folder, "killed"));
    await runUntil(9, run.path);
    // As if killed after step 9: the checkpoint of step 9 was never written, a temporary one was, a line is cut short.
    rmSync(join(run.checkpoints, "step-9.safetensors"));
    writeFileSync(join(run.checkpoints, ".step-9.safetensors.1.0.tmp"), "half");
    writeFileSync(run.metrics, `${readFileSync(run.metrics, "utf8")}{"step":10,"ep`);
    const resumed = await runUntil(-1, run.path);
    expect(resumed.state).toEqual(whole.state);
    expect(readFileSync(run.metrics)).toEqual(readFileSync(join(folder, "whole", "metrics.jsonl")));
    expect(readdirSync(run.checkpoints).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("a checkpoint of another state or format is an error that names it", async () => {
    await runUntil(4, folder);
    const other: Program = {
      ...chaos(),
      initial: () => ({ params: { y: hostTensor(new Float32Array(2), [2]) } }),
    };
    await expect(runLoop(other, config, runFolder(folder))).rejects.toThrow(
      /step-4\.safetensors: tensor params\.y is missing/,
    );
    const wide: Program = {
      ...chaos(),
      initial: () => ({ params: { x: hostTensor(new Float32Array(3), [3]) } }),
    };
    await expect(runLoop(wide, config, runFolder(folder))).rejects.toThrow(
      /tensor params\.x: expected float32 \[3\], got float32 \[2\]/,
    );
    writeFileSync(join(folder, "checkpoints", "step-4.safetensors"), "short");
    await expect(runLoop(chaos(), config, runFolder(folder))).rejects.toThrow(DataError);
  });
});

test("a loss that is not finite ends the run, names the step and the last good checkpoint", async () => {
  const run = runFolder(folder);
  const failing = runLoop(chaos(8), config, run);
  await expect(failing).rejects.toThrow(TrainingError);
  await expect(failing).rejects.toThrow(/loss at step 9: .*got NaN; .*step-8\.safetensors/);
  expect(listCheckpoints(run.checkpoints)).toEqual([6, 8]);
  expect(readLines(run.metrics)).toHaveLength(8);
  await expect(runLoop(chaos(0), config, runFolder(join(folder, "new")))).rejects.toThrow(
    /there is no checkpoint yet/,
  );
});

test("memory on a device is given back, however the run ends", async () => {
  let living = 0;
  class Counted implements ResidentTensor {
    #tensor: HostTensor | undefined;
    constructor(tensor: HostTensor) {
      this.#tensor = tensor;
      living++;
    }
    host(): Promise<HostTensor> {
      return this.#tensor ? Promise.resolve(this.#tensor) : Promise.reject(new Error("disposed"));
    }
    dispose(): void {
      if (this.#tensor) living--;
      this.#tensor = undefined;
    }
  }
  /** The chaotic map with its numbers on a device that counts. */
  const resident = (failAt: { run?: number; loss?: number; evaluate?: number }): Program => {
    return {
      ...chaos(failAt.loss),
      async run(state, step) {
        if (step === failAt.run) throw new Error("device lost");
        const result = await chaos(failAt.loss).run(await toHost(state), step);
        return { ...result, state: mapTree(result.state as HostState, (leaf) => new Counted(leaf)) };
      },
      evaluate: (_, epoch) =>
        epoch === failAt.evaluate ? Promise.reject(new Error("no test images")) : Promise.resolve({}),
    };
  };
  const asked = { ...config, evaluateEvery: 1 };
  const run = (name: string, failAt = {}) => runLoop(resident(failAt), asked, runFolder(join(folder, name)));
  await run("whole");
  expect(living).toBe(0);
  await expect(run("run", { run: 4 })).rejects.toThrow("device lost");
  await expect(run("loss", { loss: 6 })).rejects.toThrow(TrainingError);
  await expect(run("evaluate", { evaluate: 2 })).rejects.toThrow("no test images");
  expect(living).toBe(0);
});

test("a checkpoint says what it belongs to", async () => {
  await runUntil(7, folder);
  const checkpoint = readCheckpoint(join(folder, "checkpoints", "step-7.safetensors"));
  expect(checkpoint).toMatchObject({ step: 7, epoch: 1, seed: 1 });
  expect(JSON.parse(checkpoint.config)).toEqual(config);
});

test("evaluation adds its metrics at the end of the epochs that are asked for", async () => {
  const run = runFolder(folder);
  const program = {
    ...chaos(),
    evaluate: (_: unknown, epoch: number) => Promise.resolve({ knn: epoch / 10 }),
  };
  await runLoop(program, { ...config, evaluateEvery: 2 }, run);
  expect(readLines(run.metrics).flatMap(({ step, knn }) => (knn === undefined ? [] : [[step, knn]]))).toEqual(
    [[10, 0.2]],
  );
});

describe("the best checkpoint by a metric", () => {
  // Saved every 2 steps; x is the loss of the chaotic map.
  const wanted = { ...config, checkpoint: { ...config.checkpoint, keep: 1, best: "loss" } };

  function best(path: string): { step: number; value: number } {
    return readBest(runFolder(path).checkpoints);
  }

  test.each(["min", "max"] as const)("%s: it stays beside the latest, interrupted or not", async (bestIs) => {
    const asked = { ...wanted, checkpoint: { ...wanted.checkpoint, bestIs } };
    const whole = runFolder(join(folder, "whole"));
    await runLoop(chaos(), asked, whole);
    const lines = readLines(whole.metrics);
    const means = [2, 4, 6, 8, 10, 12, 14].map((step) => ({
      step,
      value: (lines[step - 2]!.loss! + lines[step - 1]!.loss!) / 2,
    }));
    const sign = bestIs === "min" ? 1 : -1;
    const expected = means.reduce((a, b) => (sign * b.value < sign * a.value ? b : a));
    expect(best(whole.path)).toEqual({ ...expected, metric: "loss" });
    expect(listCheckpoints(whole.checkpoints)).toEqual([...new Set([expected.step, 15])]);

    const parts = runFolder(join(folder, "parts"));
    for (const stop of [3, 9, 15]) {
      const abort = new AbortController();
      await runLoop(chaos(), asked, parts, {
        signal: abort.signal,
        onStep: ({ step }) => {
          if (step === stop) abort.abort();
        },
      });
    }
    expect(best(parts.path)).toEqual(best(whole.path));
    expect(listCheckpoints(parts.checkpoints)).toEqual(listCheckpoints(whole.checkpoints));
  });

  test("none is an error that says how to have one", async () => {
    await runLoop(chaos(), config, runFolder(folder));
    expect(() => best(folder)).toThrow(/expected a best one, which checkpoint\.best asks for/);
  });
});

describe("collapse", () => {
  /** From step 5 on the embeddings hardly spread. */
  const collapsing: Program = {
    ...chaos(),
    run: async (state, step) => {
      const result = await chaos().run(state, step);
      return { ...result, metrics: { ...result.metrics, std: step >= 4 ? 0.01 : 0.9, rank: 5 } };
    },
  };
  const asked = (action: "stop" | "warn" | "ignore") => ({
    ...config,
    collapse: { action, std: 0.05, rank: 1.2, steps: 3 },
  });

  test("stop: an error with the step, the numbers and the bounds, also after a resume", async () => {
    const run = runFolder(folder);
    const message =
      /representation at step 7: .*for 3 steps in a row std 0\.0100 \(bound 0\.05\) or rank 5\.00 \(bound 1\.2\)/;
    await expect(runLoop(collapsing, asked("stop"), run)).rejects.toThrow(message);
    await expect(runLoop(collapsing, asked("stop"), run)).rejects.toThrow(TrainingError);
    expect(readLines(run.metrics)).toHaveLength(7);
  });

  test("warn: said once; ignore: not at all", async () => {
    for (const [action, times] of [["warn", 1] as const, ["ignore", 0] as const]) {
      const warnings: string[] = [];
      const run = runFolder(join(folder, action));
      const result = await runLoop(collapsing, asked(action), run, {
        onWarning: (text) => warnings.push(text),
      });
      expect(result.finished).toBe(true);
      expect(warnings).toHaveLength(times);
    }
  });
});

/** The events of a file of TFRecords: their step, below 128 here, and the bytes after it. */
function events(file: Buffer): { step: number; rest: number[] }[] {
  const found: { step: number; rest: number[] }[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    const data = [...file.subarray(at + 12 + 9, at + 12 + length)]; // after wall_time
    found.push(data[0] === 0x10 ? { step: data[1]!, rest: data.slice(2) } : { step: 0, rest: data });
    at += 12 + length + 4;
  }
  return found;
}

test("TensorBoard's events: every metric of every step, and from where a run went on", async () => {
  const run = runFolder(folder);
  await runUntil(4, run.path);
  await runUntil(-1, run.path);
  const files = readdirSync(run.events).map((name) => events(readFileSync(join(run.events, name))));
  expect(files).toHaveLength(2);
  // Beside the steps each file begins with its version, and one that goes on says from where.
  expect(files[0]!.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
  expect(files[1]!.map(({ step }) => step)).toEqual([0, 5, ...Array.from({ length: 11 }, (_, i) => i + 5)]);
  expect(files[1]![1]!.rest).toEqual([0x3a, 2, 8, 1]); // session_log { status: START }
  await runLoop(chaos(), { ...config, tensorboard: false }, runFolder(join(folder, "none")));
  expect(readdirSync(join(folder, "none"))).not.toContain("events");
});
