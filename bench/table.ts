/** The rows of the bench as a table: for the terminal, and for the README between its markers. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../src/support/atomic.js";
import { DataError } from "../src/support/errors.js";
import { packageRoot } from "../src/support/package.js";
import { type Column, markdownTable, textTable } from "../src/support/table.js";
import type { Row } from "./results.js";
import { works } from "./works.js";

const titleOf = (name: string): string => works.find((work) => work.name === name)?.title ?? name;

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);

const columns: readonly Column[] = [
  { title: "work" },
  { title: "ours" },
  { title: "GFLOPS (of GEMM peak)" },
  { title: "memory" },
  { title: "peer", align: "left" },
  { title: "its time" },
  { title: "its memory" },
  { title: "ratio" },
];

function cells(row: Row, first: boolean): string[] {
  const share = Math.round((100 * row.gflops) / row.gemm_gflops);
  return [
    first ? titleOf(row.work) : "",
    first ? `${number(row.ours_ms)} ms` : "",
    first ? `${number(row.gflops)} (${share} %)` : "",
    first ? `${number(row.peak_mb)} MiB` : "",
    row.peer,
    `${number(row.peer_ms)} ms`,
    `${number(row.peer_peak_mb)} MiB`,
    row.ratio.toPrecision(3),
  ];
}

/** Rows in the order of the works, those of one measurement together. */
function ordered(rows: readonly Row[]): Row[] {
  const place = ({ work }: Row): number => {
    const index = works.findIndex(({ name }) => name === work);
    return index < 0 ? works.length : index;
  };
  return [...rows].sort((a, b) => place(a) - place(b) || a.device.localeCompare(b.device));
}

function tableCells(rows: readonly Row[]): string[][] {
  return ordered(rows).map((row, i, all) => {
    const before = all[i - 1];
    const first = before?.work !== row.work || before.device !== row.device || before.date !== row.date;
    return cells(row, first);
  });
}

/** For a terminal. */
export function benchTable(rows: readonly Row[]): string {
  return textTable(columns, tableCells(rows));
}

/** One Markdown table for each processor and device, with what was measured, when and with which versions. */
export function markdownTables(rows: readonly Row[]): string {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = `${row.cpu}; ${row.threads} threads; device ${row.device}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  const parts = [...groups].map(([name, group]) => {
    const dates = group.map(({ date }) => date.slice(0, 10)).sort();
    const when = dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`;
    const versions = [...new Set(group.flatMap((row) => [row.version, row.peer_version]))].join("; ");
    return `${name}. ${when}. ${versions}.\n\n${markdownTable(columns, tableCells(group))}`;
  });
  return parts.join("\n\n");
}

export const markers = { begin: "<!-- bench:begin -->", end: "<!-- bench:end -->" } as const;

/** `text` with `content` between the markers. @throws DataError when the markers are not there */
export function replaceBetweenMarkers(text: string, content: string, path: string): string {
  const begin = text.indexOf(markers.begin);
  const end = text.indexOf(markers.end);
  if (begin < 0 || end < begin)
    throw new DataError(`file ${path}: expected the lines ${markers.begin} and ${markers.end}, found none`);
  return `${text.slice(0, begin + markers.begin.length)}\n${content}\n${text.slice(end)}`;
}

/** Puts the tables of the rows into a file between its markers. */
export function writeReadme(rows: readonly Row[], path = join(packageRoot, "README.md")): void {
  if (!existsSync(path)) throw new DataError(`file ${path}: not found`);
  writeFileAtomic(path, replaceBetweenMarkers(readFileSync(path, "utf8"), markdownTables(rows), path));
}
