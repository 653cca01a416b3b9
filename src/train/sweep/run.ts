/**
 * Runs a sweep over processes of this machine. Every run is a process that trains in a folder of its own; what is done is
 * known from these folders, so that a sweep that was stopped or killed goes on where it was.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../../support/atomic.js";
import { ConfigError } from "../../support/errors.js";
import { differs, isDone, rowOf, type SweepRow, writeResults } from "./results.js";
import type { Sweep, SweepRun } from "./spec.js";

/** The processes of a sweep, and who is told of them. */
export interface RunSweepOptions {
  /** The command that trains, before its arguments: Node and jessl's main file. */
  readonly command: readonly string[];
  /** How many runs at a time; the processor's threads are shared out among them. */
  readonly processes: number;
  /** Ends the sweep: the running steps end and are saved. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a run begins and when it ended. */
  readonly onRun?: ((run: SweepRun, row: SweepRow | undefined) => void) | undefined;
}

/** What came of a sweep. */
export interface SweepResult {
  readonly rows: readonly SweepRow[];
  /** False when the signal ended it. */
  readonly finished: boolean;
  readonly resultsPath: string;
}

/**
 * Trains what is not done yet and writes results.json in `folder`.
 * @throws ConfigError when the folder holds one of the runs with another configuration
 */
export async function runSweep(sweep: Sweep, folder: string, options: RunSweepOptions): Promise<SweepResult> {
  mkdirSync(folder, { recursive: true });
  const other = sweep.runs.find((run) => differs(folder, run));
  if (other)
    throw new ConfigError(
      `sweep ${folder}: run ${other.name} was begun with another configuration; choose another name for the sweep`,
    );
  const errors = new Map<string, string>();
  const waiting = sweep.runs.filter((run) => !isDone(folder, run));
  // What goes wrong here itself, such as a disk that is full, ends the other processes too.
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const worker = async (): Promise<void> => {
    try {
      for (let run = waiting.shift(); run && !signal.aborted; run = waiting.shift()) {
        options.onRun?.(run, undefined);
        const error = await trainRun(run, folder, { ...options, signal });
        if (error !== undefined && !signal.aborted) errors.set(run.name, error);
        options.onRun?.(run, rowOf(folder, run, errors.get(run.name)));
      }
    } catch (error) {
      failed.abort();
      throw error;
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: options.processes }, worker));
  for (const result of workers) if (result.status === "rejected") throw result.reason;
  const rows = sweep.runs.map((run) => rowOf(folder, run, errors.get(run.name)));
  const finished = !options.signal?.aborted;
  return { rows, finished, resultsPath: writeResults(folder, sweep, rows) };
}

/** Trains one run in a process; what it prints goes to log.txt in its folder. Returns why it failed, if it did. */
async function trainRun(
  run: SweepRun,
  folder: string,
  { command, processes, signal }: RunSweepOptions,
): Promise<string | undefined> {
  const path = join(folder, run.name);
  mkdirSync(path, { recursive: true });
  const config = join(path, "sweep.yaml");
  // JSON is YAML.
  writeFileAtomic(config, `${JSON.stringify(run.config, null, 2)}\n`);
  const begun = existsSync(join(path, "config.json"));
  const logFile = join(path, "log.txt");
  const args = begun ? ["train", "--resume", path] : ["train", config, "--runs", folder];
  const log = openSync(logFile, "a");
  const said = fstatSync(log).size;
  try {
    const threads = Math.max(1, Math.floor(availableParallelism() / processes));
    const child = spawn(command[0]!, [...command.slice(1), ...args], {
      // A group of its own, so that Ctrl-C reaches it once, from here.
      detached: true,
      stdio: ["ignore", log, log],
      env: { JESSL_THREADS: String(threads), ...process.env },
    });
    const [code, killed] = await ended(child, signal);
    if (code === 0) return undefined;
    return killed ? `ended by ${killed}` : lastLine(logFile, said) || `exit code ${code}`;
  } finally {
    closeSync(log);
  }
}

function ended(
  child: ChildProcess,
  signal: AbortSignal | undefined,
): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      child.kill("SIGINT");
    };
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    child.on("error", reject);
    child.on("close", (code, killed) => {
      signal?.removeEventListener("abort", stop);
      resolve([code, killed]);
    });
  });
}

/** The last line that stands in a file behind its first bytes; empty where nothing does. */
function lastLine(file: string, start: number): string {
  return readFileSync(file).subarray(start).toString().trimEnd().split("\n").at(-1)!;
}
