/** `jessl train` as a process: Ctrl-C, kill -9, resume, exit codes. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { packageRoot } from "../../src/index.js";
import { readLines } from "../../src/train/run-folder.js";
import { runCli, startCli } from "../support/cli.js";
import { generator } from "../support/data.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-train-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const epochs = 6;
const steps = 8 * epochs;

/** 8 steps an epoch, saved after each: small enough to be killed many times. */
function args(name: string, ...overrides: string[]): string[] {
  return [
    "train",
    `name=${name}`,
    "data.train=128",
    "batch=16",
    `epochs=${epochs}`,
    "encoder.widths=[4,8]",
    "projector=10-6",
    "method.name=byol",
    "checkpoint.everyEpochs=0.125",
    ...overrides,
    "--runs",
    folder,
  ];
}

function bytes(name: string, file: string): Buffer {
  return readFileSync(join(folder, name, file));
}

function expectSameRun(name: string, as: string): void {
  for (const file of ["metrics.jsonl", `checkpoints/step-${steps}.safetensors`])
    expect(bytes(name, file).equals(bytes(as, file)), `${name}/${file}`).toBe(true);
}

async function untilMetrics(name: string, count: number): Promise<void> {
  const file = join(folder, name, "metrics.jsonl");
  for (let i = 0; i < 3000 && readLines(file).length < count; i++) await sleep(10);
}

test("a run that fails on a terminal ends its bar, and with it the process", async () => {
  const failing = args("failing", "optimiser={name: sgd, lr: 1e30}", "schedule.warmupEpochs=0");
  const script = `
    process.stderr.isTTY = true;
    const { main } = await import(${JSON.stringify(join(packageRoot, "dist/src/cli/main.js"))});
    process.exitCode = await main(["node", "jessl", ...${JSON.stringify(failing)}]);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { timeout: 120_000 });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(1);
  const [hidden, shown] = [said.lastIndexOf("\u001b[?25l"), said.lastIndexOf("\u001b[?25h")];
  expect(hidden).toBeGreaterThanOrEqual(0);
  expect(shown).toBeGreaterThan(hidden);
  expect(said.slice(shown)).toMatch(/\njessl: loss at step \d+: expected a finite number/);
});

test("Ctrl-C ends after the running step, saves, says how to go on, and exits with 130", async () => {
  const whole = await runCli(args("same"));
  expect(whole).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Trained in .*same\n/) });
  expect(whole.stderr).toMatch(/train 100 % · .* img\/s, 0 s left · epoch 6\/6 · loss \d/);
  // The configuration holds the name, so the interrupted run has the same one, in another folder.
  const running = startCli([...args("same").slice(0, -1), join(folder, "stopped")]);
  const stopped = join("stopped", "same");
  await untilMetrics(stopped, 20);
  running.child.kill("SIGINT");
  const { code, stdout, stderr } = await running.finished;
  expect(code).toBe(130);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/Stopping after this step\. Press Ctrl-C again to exit at once\./);
  const [, step] = /Stopped after step (\d+) of 48\. Continue with:\n {2}jessl train --resume (\S+)\n/.exec(
    stderr,
  )!;
  expect(Number(step)).toBeGreaterThanOrEqual(20);
  expect(Number(step)).toBeLessThan(steps);
  expect(readLines(join(folder, stopped, "metrics.jsonl"))).toHaveLength(Number(step));
  expect(existsSync(join(folder, stopped, `checkpoints/step-${step}.safetensors`))).toBe(true);

  const resumed = await runCli(["train", "--resume", join(folder, stopped)]);
  expect(resumed.code).toBe(0);
  expectSameRun(stopped, "same");
});

/** Under JESSL_TEST_ALL=1, 50; a few else. */
const kills = process.env.JESSL_TEST_ALL === "1" ? 50 : 5;

test(`kill -9 at ${kills} random moments: every resume ends with the same final weights`, async () => {
  await runCli(args("same"));
  const began = performance.now();
  await runCli([...args("same").slice(0, -1), join(folder, "timed")]);
  const seconds = (performance.now() - began) / 1000;
  const next = generator(Number(process.env.JESSL_TEST_SEED ?? 1));
  let killed = 0;
  for (let round = 0; killed < kills; round++) {
    const runs = join(folder, `killed-${round}`);
    const path = join(runs, "same");
    for (;;) {
      const begun = existsSync(join(path, "config.json"));
      const running = startCli(begun ? ["train", "--resume", path] : [...args("same").slice(0, -1), runs]);
      // From its very start to somewhat after its end, counted from the run's length when nothing disturbs it.
      const moment = sleep(1000 * seconds * 1.1 * next(), "kill");
      if (killed < kills && (await Promise.race([moment, running.finished])) === "kill")
        running.child.kill("SIGKILL");
      const { signal, code, stderr } = await running.finished;
      if (signal === "SIGKILL") killed++;
      else {
        expect(code, stderr).toBe(0);
        break;
      }
    }
    expectSameRun(join(`killed-${round}`, "same"), "same");
    rmSync(runs, { recursive: true });
  }
}, 1_200_000);

test("wrong usage exits with 2 and names the nearest key; a run that is there is not overwritten", async () => {
  const wrong = await runCli(args("a", "optimiser.wieghtDecay=1"));
  expect(wrong).toMatchObject({
    code: 2,
    stderr: "jessl: unknown key optimiser.wieghtDecay: did you mean weightDecay?\n",
  });
  const short = ["epochs=1", "data.train=32"];
  expect((await runCli(args("a", ...short))).code).toBe(0);
  const again = await runCli(args("a", ...short));
  expect(again.code).toBe(2);
  expect(again.stderr).toMatch(/it exists already; continue it with --resume .*, or choose another name/);
  expect((await runCli(["train", "--resume", join(folder, "none")])).stderr).toMatch(
    /expected config\.json in it, found none/,
  );
});

test("--device auto says what it took and why, and records it", async () => {
  vi.stubEnv("XDG_CACHE_HOME", folder); // without TensorFlow, which takes long to start
  const { code, stderr } = await runCli(args("auto", "epochs=1", "--device", "auto"));
  vi.unstubAllEnvs();
  expect(code).toBe(0);
  const [, device] = /^device (\w+): the fastest here, by GFLOPS of matrix products: \w+ \d/m.exec(stderr)!;
  const { config } = JSON.parse(readFileSync(join(folder, "auto/config.json"), "utf8"));
  expect(config.device).toBe(device);
}, 120_000);

test("--device of what is not here ends with what brings it, and leaves no run", async () => {
  vi.stubEnv("XDG_CACHE_HOME", folder); // an empty cache, and no package beside jessl
  try {
    const { code, stderr } = await runCli(args("missing", "--device", "tensorflow"));
    if (existsSync(join(packageRoot, "node_modules/@tensorflow/tfjs-node"))) return;
    expect(code).toBe(1);
    expect(stderr).toMatch(/device tensorflow: it is not installed\nrun: jessl install tensorflow/);
    expect(existsSync(join(folder, "missing"))).toBe(false);
  } finally {
    vi.unstubAllEnvs();
  }
}, 120_000);
