/**
 * The kernel as its user feels it: `node dist/bench/kernel.js [--quick] [--only name,name]`. Each part has a kernel of its
 * own, a process that is talked to over its sockets. What was measured so far goes into bench/kernel.json after each part
 * (quick or partial runs only print), and as a table into docs/kernel.md.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { KernelClient } from "../kernel/client/client.js";
import { version } from "../src/support/package.js";
import { type KernelRow, kernelTable, saveKernel } from "./kernel-table.js";
import { processorMilliseconds, residentMegabytes } from "./process.js";
import { median } from "./results.js";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
});
const { quick } = options;

const folder = mkdtempSync(join(tmpdir(), "jessl-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const start = () => KernelClient.start({ folder, env: { JESSL_HISTORY: join(folder, "history.jsonl") } });

async function milliseconds(body: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await body();
  return performance.now() - begin;
}

/** Until the language thread has loaded what it loads ahead. */
async function warm(kernel: KernelClient): Promise<void> {
  await kernel.execute("1 + 1");
  for (let before = -1; ; ) {
    const now = processorMilliseconds(kernel.pid!);
    if (now - before < 50) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function starts(): Promise<KernelRow[]> {
  const count = quick ? 3 : 15;
  const [ready, readyCpu, first, firstCpu]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let i = 0; i < count; i += 1) {
    const begin = performance.now();
    const kernel = await start();
    ready.push(performance.now() - begin);
    readyCpu.push(processorMilliseconds(kernel.pid!));
    await kernel.execute("1 + 1");
    first.push(performance.now() - begin);
    firstCpu.push(processorMilliseconds(kernel.pid!));
    await kernel.stop();
  }
  const note = `median of ${count}`;
  return [
    row("start to ready", median(ready), "ms", { limit: 1000, cpu: median(readyCpu), note }),
    row("start to the end of a cell sent at once", median(first), "ms", { cpu: median(firstCpu), note }),
  ];
}

async function cells(kernel: KernelClient): Promise<KernelRow[]> {
  const count = 200;
  const [compile, evaluate, whole]: [number[], number[], number[]] = [[], [], []];
  const run = async (i: number): Promise<number> => {
    const code = `${i} + 1`;
    return milliseconds(async () => {
      const { metadata } = await kernel.request("shell", "execute_request", { code, silent: false });
      const timing = metadata.timing as { compile: number; evaluate: number };
      compile.push(timing.compile);
      evaluate.push(timing.evaluate);
    });
  };
  for (let i = 0; i < 20; i += 1) await run(i);
  compile.length = evaluate.length = 0;
  const before = processorMilliseconds(kernel.pid!);
  for (let i = 0; i < count; i += 1) whole.push(await run(i));
  const cpu = (processorMilliseconds(kernel.pid!) - before) / count;
  const note = `median of ${count}`;
  return [
    row("trivial cell, evaluation", median(evaluate), "ms", { limit: 5, note }),
    row("trivial cell, type check and compilation", median(compile), "ms", { note }),
    row("trivial cell, from request to idle", median(whole), "ms", { limit: 40, cpu, note }),
  ];
}

async function alternating(kernel: KernelClient): Promise<KernelRow[]> {
  const count = 60;
  await kernel.execute('import { tf } from "jessl";');
  const times: number[] = [];
  const before = processorMilliseconds(kernel.pid!);
  for (let i = 0; i < count; i += 1)
    times.push(await milliseconds(() => kernel.execute(i % 2 === 0 ? `${i} + 1` : `tf.scalar(${i}).rank`)));
  const cpu = (processorMilliseconds(kernel.pid!) - before) / count;
  const note = `median of ${count}, every other one uses jessl`;
  return [row("cell of a session that imports jessl", median(times), "ms", { cpu, note })];
}

async function completions(kernel: KernelClient): Promise<KernelRow[]> {
  const texts = ["Math.s", "conso", "new Map<string, number>().", "tf.mat", "process.", "own."];
  await kernel.execute('import { tf } from "jessl"; const own = { alpha: 1, beta: "b" };');
  const times: number[] = [];
  const count = texts.length * 10;
  const ask = async (i: number) => {
    const code = `// ${i}\n${texts[i % texts.length]!}`;
    const { content } = await kernel.request("shell", "complete_request", { code, cursor_pos: code.length });
    if ((content.matches as string[]).length === 0) throw new Error(`completion: none for ${code}`);
  };
  for (let i = 0; i < texts.length; i += 1) await ask(i);
  const before = processorMilliseconds(kernel.pid!);
  for (let i = 0; i < count; i += 1) times.push(await milliseconds(() => ask(texts.length + i)));
  const cpu = (processorMilliseconds(kernel.pid!) - before) / count;
  return [row("completion", median(times), "ms", { limit: 100, cpu, note: `median of ${count}` })];
}

async function lines(kernel: KernelClient): Promise<KernelRow[]> {
  const count = quick ? 100_000 : 1_000_000;
  const before = residentMegabytes(kernel.pid!);
  let next = 0;
  let rest = "";
  const cpu = processorMilliseconds(kernel.pid!);
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
  const added = residentMegabytes(kernel.pid!, "most") - before;
  const used = processorMilliseconds(kernel.pid!) - cpu;
  return [
    row(`${count.toLocaleString("en")} printed lines`, time / 1000, "s", {
      limit: 20,
      cpu: used,
      note: "all arrive, in order",
    }),
    row("memory that they add", added, "MiB", { note: "largest resident set" }),
  ];
}

async function oneWrite(kernel: KernelClient): Promise<KernelRow[]> {
  let length = 0;
  const code = "process.stdout.write('x'.repeat(10 * 2 ** 20)); void 0";
  const time = await milliseconds(() =>
    kernel.execute(code, ({ header, content }) => {
      if (header.msg_type === "stream") length += String(content.text).length;
    }),
  );
  if (length !== 10 * 2 ** 20) throw new Error(`one write: expected 10 MiB, got ${length}`);
  return [row("10 MiB in one write", time, "ms", { note: "all arrive" })];
}

async function session(kernel: KernelClient): Promise<KernelRow[]> {
  const count = quick ? 1000 : 10_000;
  const run = (i: number) =>
    kernel.execute(`const row = { i: ${i}, name: "n" }; function f(x: number) { return x + row.i } f(${i})`);
  await run(0);
  const before = residentMegabytes(kernel.pid!);
  let most = before;
  const cpu = processorMilliseconds(kernel.pid!);
  const time = await milliseconds(async () => {
    for (let i = 1; i <= count; i += 1) {
      await run(i);
      if (i % 100 === 0) most = Math.max(most, residentMegabytes(kernel.pid!));
    }
  });
  const used = (processorMilliseconds(kernel.pid!) - cpu) / count;
  const name = `${count.toLocaleString("en")} cells in one session`;
  const note = `from ${before.toFixed(0)} MiB after the first, looked at every 100 cells`;
  return [
    row(`${name}, each`, time / count, "ms", { cpu: used, note: "mean" }),
    row("memory that they add, at most", most - before, "MiB", { limit: 100, note }),
  ];
}

type Extra = { limit?: number; cpu?: number; note: string };
function row(name: string, value: number, unit: KernelRow["unit"], { limit, cpu, note }: Extra): KernelRow {
  const rounded = Number(value.toPrecision(3));
  return {
    name,
    value: rounded,
    unit,
    ...(limit !== undefined && { limit }),
    ...(cpu !== undefined && { cpu_ms: Number(cpu.toPrecision(3)) }),
    note,
  };
}

const parts: readonly { name: string; warm: boolean; run: (kernel: KernelClient) => Promise<KernelRow[]> }[] =
  [
    { name: "starts", warm: false, run: starts },
    { name: "cells", warm: true, run: cells },
    { name: "alternating", warm: true, run: alternating },
    { name: "completions", warm: true, run: completions },
    { name: "lines", warm: true, run: lines },
    { name: "write", warm: true, run: oneWrite },
    { name: "session", warm: false, run: session },
  ];

const wanted = options.only?.split(",");
const odd = wanted?.find((name) => !parts.some((part) => part.name === name));
if (odd !== undefined)
  throw new RangeError(`--only: expected some of ${parts.map(({ name }) => name).join(", ")}, got ${odd}`);

const rows: KernelRow[] = [];
const loads = [loadavg()[0]!];
for (const part of parts) {
  if (wanted !== undefined && !wanted.includes(part.name)) continue;
  const kernel = part.name === "starts" ? undefined : await start();
  try {
    if (kernel !== undefined && part.warm) await warm(kernel);
    const found = await part.run(kernel as KernelClient);
    rows.push(...found);
    process.stdout.write(`${kernelTable(found)}\n`);
  } finally {
    await kernel?.stop();
  }
  loads.push(loadavg()[0]!);
  if (quick || wanted !== undefined) continue;
  saveKernel({
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? "",
    cores: cpus().length,
    load: [Math.min(...loads), Math.max(...loads)],
    node: process.version,
    version,
    rows,
  });
}
process.stdout.write(`load of the machine: ${loads.map((load) => load.toFixed(1)).join(", ")}\n`);
