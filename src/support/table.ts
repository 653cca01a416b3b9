/** Tables of text: aligned for the terminal, or as Markdown. */

export interface Column {
  readonly title: string;
  /** Numbers are read from the right; "right" by default but for the first column. */
  readonly align?: "left" | "right";
}

export type Cell = string | number | undefined;

// Combining marks and the like do not occur in our tables: one character is one column.
const width = (text: string): number => [...text].length;

const textOf = (cell: Cell): string => (cell === undefined ? "" : String(cell));

function aligned(columns: readonly Column[], rows: readonly (readonly Cell[])[]) {
  const texts = rows.map((row) => columns.map((_, i) => textOf(row[i])));
  const widths = columns.map(({ title }, i) => Math.max(width(title), ...texts.map((row) => width(row[i]!))));
  const side = (i: number) => columns[i]!.align ?? (i === 0 ? "left" : "right");
  const pad = (text: string, i: number): string => {
    const blank = " ".repeat(widths[i]! - width(text));
    return side(i) === "left" ? text + blank : blank + text;
  };
  return { texts, widths, side, pad };
}

/** Lines for a terminal: titles, a rule, the rows. */
export function textTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const { texts, widths, pad } = aligned(columns, rows);
  const line = (cells: readonly string[]): string => cells.map(pad).join("  ").trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    widths.map((length) => "─".repeat(length)).join("──"),
    ...texts.map(line),
  ].join("\n");
}

/** A Markdown table. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const escaped = rows.map((row) => row.map((cell) => textOf(cell).replaceAll("|", "\\|")));
  const { texts, widths, side, pad } = aligned(columns, escaped);
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(" | ")} |`;
  const rule = widths.map((length, i) =>
    side(i) === "left" ? "-".repeat(length) : `${"-".repeat(length - 1)}:`,
  );
  return [line(columns.map(({ title }) => title)), `| ${rule.join(" | ")} |`, ...texts.map(line)].join("\n");
}
