/**
 * One side of a comparison that runs in Node, as a process of its own: our compiled program, the same program eagerly on
 * a backend of TensorFlow.js, or the matrix product that shows what the machine can do. It talks in lines of JSON:
 * it says that it is ready, and for each `{"run": steps}` it answers how long each step took. The workers of peers
 * speak the same.
 */
import { createInterface } from "node:readline";
import type { DeviceTensor } from "../src/engine/device-tensor.js";
import { eager, jit } from "../src/engine/jit.js";
import type { DeviceName } from "../src/engine/run/device.js";
import { flatten, type Tree } from "../src/engine/tree.js";
import { gemmStep } from "./gemm.js";
import { residentMegabytes } from "./process.js";
import { createProgram } from "./program.js";
import { useBackend } from "./tfjs-backends.js";
import type { Work } from "./works.js";

/** What a worker is to do; its first argument, as JSON. */
export interface Order {
  readonly kind: "jit" | "eager" | "gemm";
  readonly work?: Work;
  readonly threads: number;
  readonly device?: DeviceName;
  /** The backend of TensorFlow.js for `eager`. */
  readonly backend?: string;
  /** Steps that are run and forgotten before the worker is ready. */
  readonly warmUp: number;
}

export interface Ready {
  readonly parameters: number;
  readonly version: string;
  /** Milliseconds from the first call to its end, compilation and the first step included. */
  readonly firstMs: number;
  /** The largest resident set before that call, in MiB. */
  readonly idleMb: number;
}

export interface Answer {
  readonly ms: readonly number[];
  readonly output: number;
  readonly peakMb: number;
}

/** The largest resident set of this process so far, in MiB. */
function peakMb(): number {
  // getrusage would count the parent's memory at the time of the fork too.
  try {
    return residentMegabytes(process.pid, "most");
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS / 1024;
}

interface Runner {
  readonly parameters: number;
  readonly version: string;
  /** Runs a step; gives a number of its result, so that it has come to an end. */
  step(): Promise<number>;
}

type Result = { readonly state?: Tree<DeviceTensor>; readonly output: DeviceTensor };
type Step = (...args: readonly unknown[]) => Promise<Result>;

function workRunner(order: Order, work: Work, version: string): Runner {
  const program = createProgram(work);
  const options = {
    name: work.name,
    threads: order.threads,
    donate: program.donate,
    device: order.device ?? "cpu",
  };
  const run = (order.kind === "jit" ? jit(program.fn, options) : eager(program.fn)) as unknown as Step;
  const args: unknown[] = [...program.args];
  return {
    parameters: program.parameters,
    version,
    async step() {
      const { state, output } = await run(...args);
      const [first] = await output.data();
      output.dispose();
      if (state) {
        const [before] = args as [Tree<DeviceTensor>];
        args[0] = state;
        // Donated tensors are gone already; eagerly the old state must be let go.
        if (order.kind === "eager") for (const leaf of flatten<DeviceTensor>(before).leaves) leaf.dispose?.();
      }
      return first!;
    },
  };
}

async function createRunner(order: Order): Promise<Runner> {
  const { ortVersion, version } = await import("./versions.js");
  const ours = `jessl ${version}, onnxruntime ${ortVersion}`;
  if (order.kind === "gemm") return { parameters: 0, version: ours, step: gemmStep(order.threads) };
  const named = order.kind === "eager" ? await useBackend(order.backend!) : ours;
  return workRunner(order, order.work!, named);
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(order: Order): Promise<void> {
  const runner = await createRunner(order);
  const idleMb = peakMb();
  const began = performance.now();
  let output = await runner.step();
  const firstMs = performance.now() - began;
  for (let i = 1; i < order.warmUp; i++) output = await runner.step();
  say({ parameters: runner.parameters, version: runner.version, firstMs, idleMb } satisfies Ready);
  for await (const line of createInterface({ input: process.stdin })) {
    const { run } = JSON.parse(line) as { run: number };
    const ms: number[] = [];
    for (let i = 0; i < run; i++) {
      const start = performance.now();
      output = await runner.step();
      ms.push(performance.now() - start);
    }
    say({ ms, output, peakMb: peakMb() } satisfies Answer);
  }
}

await main(JSON.parse(process.argv[2]!) as Order);
