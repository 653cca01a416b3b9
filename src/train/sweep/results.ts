/** What came of a sweep's runs: one row each, from their folders alone, and one table. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../support/atomic.js";
import { groupPairs } from "../../support/group.js";
import { type Cell, textTable } from "../../support/table.js";
import { listCheckpoints } from "../checkpoint.js";
import { isSameConfig, readLines, readRunConfig, runFolder } from "../run-folder.js";
import type { Sweep, SweepRun } from "./spec.js";

/** What came of one run of a sweep. */
export interface SweepRow {
  readonly run: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** "done", or how far it came: "waiting", "begun", or "failed". */
  readonly status: "done" | "begun" | "waiting" | "failed";
  readonly step: number;
  /** Seconds of training, all processes that worked on it together. */
  readonly seconds: number;
  /** Means over the last epoch, and what was measured after it. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Why it failed. */
  readonly error?: string;
}

/** What `jessl train` writes last. */
const evaluationFile = "evaluation.json";

/** The name of the file that holds the rows. */
export const resultsFile = "results.json";

/** Whether a run has nothing left to do. */
export function isDone(folder: string, run: SweepRun): boolean {
  return rowOf(folder, run).status === "done";
}

/** The row of a run, as its folder tells. @param error why it failed, if it did */
export function rowOf(folder: string, run: SweepRun, error?: string): SweepRow {
  const path = join(folder, run.name);
  const { metrics: file, times, checkpoints } = runFolder(path);
  const lines = readLines(file);
  const step = listCheckpoints(checkpoints).at(-1) ?? 0;
  const last = lines.at(-1);
  // A run ends with its evaluation.
  const finished =
    last !== undefined &&
    last.epoch >= run.config.epochs &&
    step >= last.step &&
    existsSync(join(path, evaluationFile));
  const tail = lines.filter(({ epoch }) => epoch > run.config.epochs - 1);
  const seconds = readLines<{ seconds: number }>(times).reduce((sum, line) => sum + line.seconds, 0);
  const begun = existsSync(join(path, "config.json"));
  const status = error !== undefined ? "failed" : finished ? "done" : begun ? "begun" : "waiting";
  return {
    run: run.name,
    values: run.values,
    status,
    step,
    seconds: Number(seconds.toFixed(2)),
    metrics: { ...means(tail), ...evaluated(path) },
    ...(error === undefined ? {} : { error }),
  };
}

function means(lines: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const values = lines
    .flatMap((line) => Object.entries(line))
    .filter(([name]) => name !== "step" && name !== "epoch" && name !== "lr");
  return Object.fromEntries(
    [...groupPairs(values)].map(([name, list]) => [
      name,
      list.reduce((sum, value) => sum + value, 0) / list.length,
    ]),
  );
}

/** The numbers of evaluation.json: `linear` of the trained encoder, `untrained.linear` of what stands beside it. */
function evaluated(path: string): Record<string, number> {
  const file = join(path, evaluationFile);
  if (!existsSync(file)) return {};
  const parts = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, number | null>>;
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, numbers]) =>
      Object.entries(numbers ?? {}).flatMap(([name, value]) =>
        typeof value === "number" ? [[part === "trained" ? name : `${part}.${name}`, value]] : [],
      ),
    ),
  );
}

/** Whether a folder holds the run with another configuration. */
export function differs(folder: string, run: SweepRun): boolean {
  const path = join(folder, run.name);
  if (!existsSync(join(path, "config.json"))) return false;
  return !isSameConfig(readRunConfig(path).config, run.config);
}

/** Writes results.json. */
export function writeResults(folder: string, sweep: Sweep, rows: readonly SweepRow[]): string {
  const path = join(folder, resultsFile);
  writeFileAtomic(path, `${JSON.stringify({ sweep: sweep.name, rows }, null, 2)}\n`);
  return path;
}

/** The rows as a table: what sets the runs apart, how they ended, and their numbers. */
export function sweepTable(rows: readonly SweepRow[]): string {
  const keys = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const names = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
  const columns = [
    ...keys.map((title) => ({ title, align: "left" as const })),
    { title: "status", align: "left" as const },
    { title: "seconds" },
    ...names.map((title) => ({ title })),
  ];
  const cell = (value: unknown): Cell =>
    value === undefined ? undefined : typeof value === "object" ? JSON.stringify(value) : String(value);
  return textTable(
    columns,
    rows.map(({ values, status, seconds, metrics }) => [
      ...keys.map((key) => cell(values[key])),
      status,
      seconds.toFixed(0),
      ...names.map((name) => metrics[name]?.toPrecision(4)),
    ]),
  );
}
