/**
 * The kernel as its user feels it: `node dist/bench/kernel.js`. Start, cells, completion, a million printed lines, ten
 * thousand cells, each over real sockets from a process of its own; the numbers go into bench/kernel/results.json.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { KernelClient } from "../kernel/client/client.js";
import { writeFileAtomic } from "../src/support/atomic.js";
import { packageRoot, version } from "../src/support/package.js";
import { median } from "./results.js";

interface Measured {
  name: string;
  value: number;
  unit: "ms" | "s" | "MiB";
  note: string;
}

const measured: Measured[] = [];
const record = (name: string, value: number, unit: Measured["unit"], note: string): void => {
  measured.push({ name, value: Number(value.toPrecision(4)), unit, note });
  process.stdout.write(`${name}: ${value.toPrecision(4)} ${unit} (${note})\n`);
};

const folder = mkdtempSync(join(tmpdir(), "jessl-bench-"));
const env = { JESSL_HISTORY: join(folder, "history.jsonl") };
const start = () => KernelClient.start({ folder, env });

/** Resident memory of the kernel, MiB: now, or the most there was. */
function resident(kernel: KernelClient, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${kernel.pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024;
}

async function milliseconds(body: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await body();
  return performance.now() - begin;
}

async function starts(count: number): Promise<void> {
  const ready: number[] = [];
  const first: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const begin = performance.now();
    const kernel = await start();
    ready.push(performance.now() - begin);
    await kernel.execute("1 + 1");
    first.push(performance.now() - begin);
    await kernel.stop();
  }
  record("start to ready", median(ready), "ms", `median of ${count}, until kernel_info is answered`);
  record("start to the first cell's end", median(first), "ms", `median of ${count}`);
}

async function cells(kernel: KernelClient, count: number): Promise<void> {
  const [compile, evaluate, whole]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < count + 20; i += 1) {
    let timing = { compile: 0, evaluate: 0 };
    const time = await milliseconds(async () => {
      const reply = await kernel.request("shell", "execute_request", { code: `${i} + 1`, silent: false });
      timing = reply.metadata.timing as typeof timing;
    });
    if (i < 20) continue;
    compile.push(timing.compile);
    evaluate.push(timing.evaluate);
    whole.push(time);
  }
  record("trivial cell, evaluation", median(evaluate), "ms", `median of ${count}`);
  record("trivial cell, type check and compilation", median(compile), "ms", `median of ${count}`);
  record("trivial cell, from request to idle", median(whole), "ms", `median of ${count}`);
}

async function completions(kernel: KernelClient, count: number): Promise<void> {
  const texts = ["Math.s", "conso", "new Map<string, number>().", "tf.layers.", "process.", "own."];
  await kernel.execute('import { tf } from "jessl"; const own = { alpha: 1, beta: "b" };');
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const code = texts[i % texts.length]!;
    const content = { code, cursor_pos: code.length };
    times.push(await milliseconds(() => kernel.request("shell", "complete_request", content)));
  }
  record("completion", median(times), "ms", `median of ${count}`);
}

async function lines(kernel: KernelClient, count: number): Promise<void> {
  const before = resident(kernel, "VmRSS");
  let next = 0;
  let rest = "";
  const time = await milliseconds(() =>
    kernel.execute(`for (let i = 0; i < ${count}; i++) console.log(i)`, ({ header, content }) => {
      if (header.msg_type !== "stream") return;
      const texts = (rest + String(content.text)).split("\n");
      rest = texts.pop()!;
      for (const text of texts) {
        if (text !== String(next)) throw new Error(`line ${next}: got ${text}`);
        next += 1;
      }
    }),
  );
  if (next !== count) throw new Error(`lines: expected ${count}, got ${next}`);
  record(`${count} printed lines`, time / 1000, "s", "all arrived, in order");
  record("memory added while printing", resident(kernel, "VmHWM") - before, "MiB", "largest resident set");
}

async function oneWrite(kernel: KernelClient): Promise<void> {
  let length = 0;
  const code = "process.stdout.write('x'.repeat(10 * 2 ** 20)); void 0";
  const time = await milliseconds(() =>
    kernel.execute(code, ({ header, content }) => {
      if (header.msg_type === "stream") length += String(content.text).length;
    }),
  );
  if (length !== 10 * 2 ** 20) throw new Error(`one write: expected 10 MiB, got ${length}`);
  record("10 MiB in one write", time, "ms", "all arrived");
}

async function manyCells(kernel: KernelClient, count: number): Promise<void> {
  const run = (i: number) =>
    kernel.execute(`const row = { i: ${i}, name: "n" }; function f(x: number) { return x + row.i } f(${i})`);
  for (let i = 0; i < 500; i += 1) await run(i);
  const before = resident(kernel, "VmRSS");
  const time = await milliseconds(async () => {
    for (let i = 0; i < count; i += 1) await run(i);
  });
  record(`${count} cells in one session`, time / 1000, "s", `${(time / count).toPrecision(3)} ms each`);
  record("memory they add", resident(kernel, "VmRSS") - before, "MiB", "resident set, after 500 cells");
}

const quick = process.argv.includes("--quick");
await starts(quick ? 3 : 15);
const kernel = await start();
await cells(kernel, 200);
await completions(kernel, 60);
await lines(kernel, 1_000_000);
await oneWrite(kernel);
await kernel.stop();
const long = await start();
await manyCells(long, quick ? 1000 : 10_000);
await long.stop();
rmSync(folder, { recursive: true, force: true });

const machine = { cpu: cpus()[0]?.model ?? "", node: process.version, version };
const date = new Date().toISOString();
mkdirSync(join(packageRoot, "bench/kernel"), { recursive: true });
writeFileAtomic(
  join(packageRoot, "bench/kernel/results.json"),
  `${JSON.stringify({ date, ...machine, measured }, null, 2)}\n`,
);
