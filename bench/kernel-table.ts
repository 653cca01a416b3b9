/** The kernel's measurements: the file that keeps them, and the table of docs/kernel.md between its markers. */
import { join } from "node:path";
import { writeFileAtomic } from "../src/support/atomic.js";
import { updateMarked } from "../src/support/markers.js";
import { packageRoot } from "../src/support/package.js";
import { type Column, markdownTable, textTable } from "../src/support/table.js";

/** One measurement. */
export interface KernelRow {
  name: string;
  value: number;
  unit: "ms" | "s" | "MiB";
  /** What it must not exceed on a quiet machine. */
  limit?: number;
  /** Milliseconds of processor time of the kernel, all threads together. */
  cpu_ms?: number;
  note: string;
}

/** A run of the bench; `load` is the least and the most of the machine's load averages meanwhile. */
export interface KernelRun {
  date: string;
  cpu: string;
  cores: number;
  load: [number, number];
  node: string;
  version: string;
  rows: readonly KernelRow[];
}

const columns: readonly Column[] = [
  { title: "" },
  { title: "measured" },
  { title: "at most" },
  { title: "processor time" },
  { title: "how", align: "left" },
];

const text = (value: number | undefined, unit: string): string =>
  value === undefined ? "" : `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`;

const cellsOf = ({ name, value, unit, limit, cpu_ms, note }: KernelRow) => [
  name,
  text(value, unit),
  text(limit, unit),
  text(cpu_ms, "ms"),
  note,
];

/** For the terminal. */
export function kernelTable(rows: readonly KernelRow[]): string {
  return textTable(columns, rows.map(cellsOf));
}

/** Saves a run as bench/kernel.json and as the table of docs/kernel.md. */
export function saveKernel(run: KernelRun): void {
  writeFileAtomic(join(packageRoot, "bench/kernel.json"), `${JSON.stringify(run, null, 2)}\n`);
  const path = join(packageRoot, "docs/kernel.md");
  const { date, cpu, cores, load, node, rows } = run;
  const [least, most] = load.map((number) => number.toFixed(1));
  const about = `${cpu}, ${cores} cores, load ${least} to ${most}; Node ${node}; ${date.slice(0, 10)}.`;
  const table = markdownTable(columns, rows.map(cellsOf));
  updateMarked(path, "bench", `${about}\n\n${table}`);
}
