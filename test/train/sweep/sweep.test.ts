/** Sweeps: which runs there are, and that processes train them, go on where they were, and end in one table. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/support/errors.js";
import { runFolder, writeRunConfig } from "../../../src/train/run-folder.js";
import { differs } from "../../../src/train/sweep/results.js";
import { runSweep } from "../../../src/train/sweep/run.js";
import { readSweep } from "../../../src/train/sweep/spec.js";
import { runCli, startCli } from "../../support/cli.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-sweep-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function written(text: string): string {
  const path = join(folder, "sweep.yaml");
  writeFileSync(path, text);
  return path;
}

describe("the runs of a sweep", () => {
  test("every entry of the list with every point of the grid", () => {
    const sweep = readSweep(
      written(
        "name: s\nbase: { epochs: 2, method: { name: dcl } }\ngrid: { batch: [16, 32], optimiser.lr: [1e-3, 0.01] }\nruns: [{ seed: 1 }, { seed: 2, method.temperature: 0.7 }]",
      ),
      ["epochs=3"],
    );
    expect(sweep.runs.map(({ name }) => name)).toEqual([
      "seed-1_batch-16_optimiser.lr-0.001",
      "seed-1_batch-16_optimiser.lr-0.01",
      "seed-1_batch-32_optimiser.lr-0.001",
      "seed-1_batch-32_optimiser.lr-0.01",
      "seed-2_method.temperature-0.7_batch-16_optimiser.lr-0.001",
      "seed-2_method.temperature-0.7_batch-16_optimiser.lr-0.01",
      "seed-2_method.temperature-0.7_batch-32_optimiser.lr-0.001",
      "seed-2_method.temperature-0.7_batch-32_optimiser.lr-0.01",
    ]);
    expect(sweep.runs[5]!.config).toMatchObject({
      name: sweep.runs[5]!.name,
      seed: 2,
      epochs: 3,
      batch: 16,
      method: { name: "dcl", temperature: 0.7 },
      optimiser: { name: "adamw", lr: 0.01 },
    });
  });

  test("names tell objects apart", () => {
    const runs =
      "runs: [{ method: { name: byol, momentum: 0.9 } }, { encoder: { name: convnet, widths: [4, 8] } }]";
    expect(readSweep(written(`name: s\n${runs}`)).runs.map(({ name }) => name)).toEqual([
      "method-byol_method.momentum-0.9",
      "encoder-convnet_encoder.widths-4_8",
    ]);
  });

  test("the base may be a file beside the sweep's", () => {
    writeFileSync(join(folder, "base.yaml"), "epochs: 7");
    expect(readSweep(written("name: s\nbase: base.yaml")).runs).toMatchObject([
      { name: "base", config: { epochs: 7 } },
    ]);
  });

  test.each([
    ["name: s\ngird: {}", "unknown key gird: did you mean grid?"],
    ["grid: {}", /name: /],
    ["name: s\ngrid: { bacth: [1] }", /run bacth-1: unknown key bacth: did you mean batch\?/],
    ["name: s\ngrid: { batch: [1] }", /run batch-1: batch: expected number to be >=2, got 1/],
    ["name: s\nruns: [{ seed: 1 }, { seed: 1 }]", /expected runs that differ, got seed-1 twice/],
    ["name: s\nbase: none.yaml", /none\.yaml: ENOENT/],
  ])("%s", (text, message) => {
    expect(() => readSweep(written(text))).toThrow(message);
    expect(() => readSweep(written(text))).toThrow(ConfigError);
  });
});

const tiny = `name: tiny
base:
  data: { train: 64 }
  batch: 16
  epochs: 4
  encoder: { name: convnet, widths: [4, 8] }
  projector: 10-6
  tensorboard: false
grid:
  optimiser.lr: [1e-3, 1e-2]
`;

interface Results {
  readonly rows: {
    run: string;
    status: string;
    step: number;
    metrics: Record<string, number>;
    error?: string;
  }[];
}

const results = (): Results => JSON.parse(readFileSync(join(folder, "tiny/results.json"), "utf8")) as Results;

test("two processes train all runs; the table and results.json say what came of them; once more does nothing", async () => {
  const args = ["sweep", written(tiny), "--processes", "2", "--runs", folder];
  const first = await runCli(args);
  expect(first, first.stderr).toMatchObject({ code: 0 });
  expect(first.stdout).toMatch(/^optimiser\.lr +status +seconds +loss .*\n─+\n0\.001 +done .*\n0\.01 +done /);
  expect(results().rows).toMatchObject([
    { run: "optimiser.lr-0.001", status: "done", step: 16 },
    { run: "optimiser.lr-0.01", status: "done", step: 16 },
  ]);
  for (const { metrics } of results().rows) expect(metrics.loss).toBeGreaterThan(0);
  const file = join(folder, "tiny/optimiser.lr-0.01/checkpoints/step-16.safetensors");
  const before = statSync(file).mtimeMs;
  const second = await runCli(args);
  expect(second).toMatchObject({ code: 0, stdout: first.stdout });
  expect(second.stderr).not.toMatch(/begins/);
  expect(statSync(file).mtimeMs).toBe(before);

  const other = await runCli([...args, "epochs=5"]);
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/run optimiser\.lr-0\.001 was begun with another configuration/);
});

test("Ctrl-C ends it in good order, the same command goes on; a run that fails does not stop the others", async () => {
  const text = tiny.replace("epochs: 4", "epochs: 30").replace("[1e-3, 1e-2]", "[1e-3]");
  const args = ["sweep", written(text), "--runs", folder];
  const running = startCli(args);
  for (let i = 0; i < 3000 && !existsSync(join(folder, "tiny/optimiser.lr-0.001/metrics.jsonl")); i++)
    await sleep(10);
  running.child.kill("SIGINT");
  const stopped = await running.finished;
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toMatch(/Continue with the same command/);
  const [begun] = results().rows;
  expect(begun).toMatchObject({ status: "begun" });
  expect(begun!.step).toBeGreaterThan(0);
  expect(begun!.step).toBeLessThan(120);
  expect(await runCli(args)).toMatchObject({ code: 0 });
  expect(results().rows[0]).toMatchObject({ status: "done", step: 120 });

  rmSync(join(folder, "tiny"), { recursive: true });
  const failing = tiny
    .replace("[1e-3, 1e-2]", "[1e30, 1e-2]")
    .replace("epochs: 4", "epochs: 1\n  schedule: { warmupEpochs: 0 }\n  optimiser: { name: sgd }");
  const mixed = await runCli(["sweep", written(failing), "--runs", folder]);
  expect(mixed.code).toBe(1);
  expect(mixed.stderr).toMatch(/sweep .*tiny: 1 of 2 runs failed; see their log\.txt/);
  expect(results().rows.map(({ status }) => status)).toEqual(["failed", "done"]);
  expect(results().rows[0]!.error).toMatch(/expected a finite number/);
});

describe("processes that do not end well", () => {
  const sweep = (...lr: number[]) => readSweep(written(tiny.replace("[1e-3, 1e-2]", JSON.stringify(lr))));
  const node = (script: string) => [process.execPath, "-e", script];

  test.each([
    ["process.kill(process.pid, 'SIGKILL')", "ended by SIGKILL"],
    ["process.exit(3)", "exit code 3"],
    ["console.log('why'); process.exit(1)", "why"],
  ])("%s: the row says so, whatever an earlier attempt left in the log", async (script, error) => {
    mkdirSync(join(folder, "tiny/optimiser.lr-0.001"), { recursive: true });
    writeFileSync(join(folder, "tiny/optimiser.lr-0.001/log.txt"), "of an earlier attempt\n");
    const { rows } = await runSweep(sweep(1e-3), join(folder, "tiny"), {
      command: node(script),
      processes: 1,
    });
    expect(rows).toMatchObject([{ status: "failed", error }]);
  });

  test("an error of the sweep itself ends the processes that run", async () => {
    const place = join(folder, "tiny");
    mkdirSync(place);
    writeFileSync(join(place, "optimiser.lr-0.01"), "no folder");
    const command = node("setTimeout(() => {}, 600000)");
    await expect(runSweep(sweep(1e-3, 1e-2), place, { command, processes: 2 })).rejects.toThrow(
      /EEXIST|ENOTDIR/,
    );
  });
});

test("a run that began with device auto is that of the sweep still; another device is not", () => {
  const path = runFolder(join(folder, "seed-1"));
  const begun = readSweep(written("name: s\nbase: { device: cpu }\nruns: [{ seed: 1 }]")).runs[0]!;
  writeRunConfig(path, begun.config);
  const wanted = (base: string) => readSweep(written(`name: s\nbase: ${base}\nruns: [{ seed: 1 }]`)).runs[0]!;
  expect(differs(folder, wanted("{ device: auto }"))).toBe(false);
  expect(differs(folder, wanted("{ device: cpu }"))).toBe(false);
  expect(differs(folder, wanted("{ device: webgpu }"))).toBe(true);
  expect(differs(folder, wanted("{ device: auto, batch: 32 }"))).toBe(true);
});
