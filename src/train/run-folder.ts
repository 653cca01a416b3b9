/**
 * The folder of a run: what it was (config.json), what happened (metrics.jsonl, times.jsonl, events/) and what came out
 * (checkpoints/). metrics.jsonl holds only what the seed decides, so that two runs with one seed, and a run with and
 * without an interruption, write the same bytes; the clock has a file of its own.
 */
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { DataError } from "../support/errors.js";
import { version } from "../support/package.js";
import { parseConfig } from "./config/parse.js";
import type { TrainConfig } from "./config/schema.js";

/** What decides the last bits of a result beside the configuration. */
export interface Environment {
  readonly jessl: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly tfjs: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
}

/** One line of metrics.jsonl. */
export interface Metrics {
  /** Steps done, from 1. */
  readonly step: number;
  /** Passes over the data done, a fraction within an epoch. */
  readonly epoch: number;
  readonly [metric: string]: number;
}

/** The places of a run's files. */
export interface RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  readonly metrics: string;
  readonly times: string;
  /** TensorBoard's event files. */
  readonly events: string;
}

/** The places of a run's files. */
export function runFolder(path: string): RunFolder {
  return {
    path,
    checkpoints: join(path, "checkpoints"),
    metrics: join(path, "metrics.jsonl"),
    times: join(path, "times.jsonl"),
    events: join(path, "events"),
  };
}

function packageVersion(name: string): string {
  const require = createRequire(import.meta.url);
  try {
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return "not installed";
  }
}

/** The versions and the machine of this process. */
export function environment(): Environment {
  const processors = cpus();
  return {
    jessl: version,
    node: process.version,
    onnxruntime: packageVersion("onnxruntime-node"),
    tfjs: packageVersion("@tensorflow/tfjs-core"),
    platform: `${process.platform}-${process.arch}`,
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
  };
}

/** Writes config.json: the resolved configuration and the environment. */
export function writeRunConfig(folder: RunFolder, config: TrainConfig): void {
  const content = { config, environment: environment() };
  writeFileAtomic(join(folder.path, "config.json"), `${JSON.stringify(content, null, 2)}\n`);
}

/** Reads config.json. @throws DataError when it is missing or no JSON */
export function readRunConfig(path: string): { config: TrainConfig; environment: Environment } {
  const file = join(path, "config.json");
  if (!existsSync(file)) throw new DataError(`run ${path}: expected config.json in it, found none`);
  try {
    const content = JSON.parse(readFileSync(file, "utf8")) as { config: unknown; environment: Environment };
    return { config: parseConfig(content.config), environment: content.environment };
  } catch (error) {
    throw new DataError(`file ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Whether a run may go on with a configuration: it is the one that it was begun with. `auto` stands for any device, for a
 * run goes on where it ran.
 */
export function isSameConfig(begun: TrainConfig, wanted: TrainConfig): boolean {
  const asked = wanted.device === "auto" ? { ...wanted, device: begun.device } : wanted;
  return JSON.stringify(begun) === JSON.stringify(asked);
}

/** The differences between two environments, such as `node v20.1.0 → v22.0.0`; they may change the last bits. */
export function environmentChanges(before: Environment, now: Environment): string[] {
  return (Object.keys(now) as (keyof Environment)[])
    .filter((key) => before[key] !== now[key])
    .map((key) => `${key} ${before[key]} → ${now[key]}`);
}

/** Appends a line to a JSON-lines file. */
export function appendLine(file: string, line: object): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Flushes a file to the disk, if it exists. */
export function flush(file: string): void {
  if (!existsSync(file)) return;
  const handle = openSync(file, "r+");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The lines of a JSON-lines file; a last line that a kill cut short is left out. */
export function readLines<T = Metrics>(file: string): T[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => {
      try {
        return JSON.parse(line) as T;
      } catch (error) {
        throw new DataError(`file ${file}: line ${i + 1}: ${(error as Error).message}`, { cause: error });
      }
    });
}

/** Cuts a JSON-lines file down to the lines of the first `step` steps, so that a resumed run continues it. */
export function truncateToStep(file: string, step: number): void {
  if (!existsSync(file)) return;
  const lines = readLines<{ step: number }>(file).filter((line) => line.step <= step);
  writeFileAtomic(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
