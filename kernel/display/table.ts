/** Arrays of objects as a table: HTML for front ends, aligned columns for text. */
import { inspect } from "node:util";
import { imageType } from "./image.js";
import { escapeHtml, formatNumber, isPlainObject, type MimeBundle, mime } from "./mime.js";

/** A row of a table, by column. */
export type Row = { readonly [column: string]: unknown };

/** Which rows and columns a table shows. */
export interface TableOptions {
  /** The columns, in this order; by default all that appear. */
  readonly columns?: readonly string[] | undefined;
  /** Rows shown at most. */
  readonly limit?: number | undefined;
}

const maximalColumns = 50;

/** Whether a value is a table: a list of objects with columns in common. */
export function isTable(value: unknown): value is Row[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isPlainObject)) return false;
  const first = Object.keys(value[0] as Row);
  if (first.length === 0 || first.length > maximalColumns) return false;
  return value.slice(1, 100).every((row) => first.some((column) => column in (row as Row)));
}

/** The representations of a table. */
export function tableBundle(rows: readonly Row[], { columns, limit = 50 }: TableOptions = {}): MimeBundle {
  const names = columns ?? [...new Set(rows.slice(0, 1000).flatMap((row) => Object.keys(row)))];
  const shown = rows.slice(0, limit);
  const rest = rows.length > shown.length ? `… and ${rows.length - shown.length} more rows` : "";
  const right = new Set(names.filter((name) => shown.every((row) => isNumeric(row[name]))));
  return { [mime.html]: html(names, shown, right, rest), [mime.text]: text(names, shown, right, rest) };
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" || value === undefined || value === null;
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  return inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 8,
    maxStringLength: 80,
  });
}

function cellHtml(value: unknown): string {
  const type = imageType(value);
  if (type === undefined) return escapeHtml(cellText(value));
  return `<img alt="" src="data:${type};base64,${Buffer.from(value as Uint8Array).toString("base64")}">`;
}

function html(names: readonly string[], rows: readonly Row[], right: Set<string>, rest: string): string {
  const align = (name: string) => ` style="text-align: ${right.has(name) ? "right" : "left"}"`;
  const head = names.map((name) => `<th${align(name)}>${escapeHtml(name)}</th>`).join("");
  const body = rows
    .map((row) => `<tr>${names.map((name) => `<td${align(name)}>${cellHtml(row[name])}</td>`).join("")}</tr>`)
    .join("\n");
  const foot = rest === "" ? "" : `\n<p>${rest}</p>`;
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>${foot}`;
}

function text(names: readonly string[], rows: readonly Row[], right: Set<string>, rest: string): string {
  const short = (value: string) =>
    (value.length > 40 ? `${value.slice(0, 39)}…` : value).replaceAll("\n", " ");
  const cells = rows.map((row) => names.map((name) => short(cellText(row[name]))));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (right.has(names[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [line(names), rule, ...cells.map(line), ...(rest === "" ? [] : [rest])].join("\n");
}
