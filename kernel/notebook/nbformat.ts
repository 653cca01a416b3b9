/**
 * Notebook files, nbformat 4: read, checked, and written as Jupyter writes them (keys sorted, texts as lists of lines,
 * one space of indentation), so that a run changes no line that it need not.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { writeFileAtomic } from "../../src/support/atomic.js";
import { DataError } from "../../src/support/errors.js";

/** Representations of one output by MIME type. */
export type MimeBundle = { [type: string]: unknown };

/** One output of a code cell. */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: MimeBundle; metadata: MimeBundle }
  | { output_type: "execute_result"; data: MimeBundle; metadata: MimeBundle; execution_count: number | null }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

/** One cell; sources and texts are joined. */
export interface Cell {
  cell_type: string;
  id?: string | undefined;
  metadata: { [key: string]: unknown };
  source: string;
  outputs?: Output[] | undefined;
  execution_count?: number | null | undefined;
}

/** A notebook in memory. */
export interface Notebook {
  nbformat: number;
  nbformat_minor: number;
  metadata: { [key: string]: unknown };
  cells: Cell[];
}

const text = z.union([z.string(), z.array(z.string())]).transform((lines) => [lines].flat().join(""));
const object = z.record(z.string(), z.unknown());

const schema = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.number().int().min(0),
  metadata: object,
  cells: z.array(
    z.looseObject({
      cell_type: z.string(),
      id: z.string().optional(),
      metadata: object,
      source: text,
      outputs: z.array(z.looseObject({ output_type: z.string() })).optional(),
      execution_count: z.number().nullable().optional(),
    }),
  ),
});

/** The tags of a cell. */
export function tagsOf(cell: Cell): readonly string[] {
  const { tags } = cell.metadata;
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}

/** A code cell that has not run. */
export function codeCell(source: string, tags: readonly string[], minor: number): Cell {
  return {
    cell_type: "code",
    // Identifiers came with nbformat 4.5.
    ...(minor >= 5 ? { id: randomUUID().slice(0, 8) } : {}),
    metadata: { tags: [...tags] },
    source,
    outputs: [],
    execution_count: null,
  };
}

/** Parses the text of a notebook; `path` is for the messages. @throws DataError when it is not nbformat 4 */
export function parseNotebook(json: string, path: string): Notebook {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new DataError(`notebook ${path}: expected JSON, got ${(error as Error).message}`);
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new DataError(`notebook ${path}: expected nbformat 4; ${issue.path.join(".")}: ${issue.message}`);
  }
  const cells = result.data.cells.map((cell) => ({
    ...cell,
    outputs: cell.outputs?.map(joinOutput),
  })) as Cell[];
  return { ...result.data, cells };
}

/** Reads a notebook. @throws DataError when it is missing or no notebook */
export function readNotebook(path: string): Notebook {
  let json: string;
  try {
    json = readFileSync(path, "utf8");
  } catch (error) {
    throw new DataError(`notebook ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return parseNotebook(json, path);
}

/** The text of a notebook file. */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map(({ source, outputs, execution_count, ...cell }) => ({
    ...cell,
    source: splitLines(source),
    ...(cell.cell_type === "code"
      ? { outputs: (outputs ?? []).map(splitOutput), execution_count: execution_count ?? null }
      : {}),
  }));
  return `${JSON.stringify(sortKeys({ ...notebook, cells }), null, 1)}\n`;
}

/** Writes a notebook; a reader meets the old one or the new one, never half of it. */
export function writeNotebook(path: string, notebook: Notebook): void {
  writeFileAtomic(path, formatNotebook(notebook));
}

function splitLines(source: string): string[] {
  return source === "" ? [] : source.split(/(?<=\n)/);
}

function mapBundle(data: MimeBundle, change: (value: unknown, type: string) => unknown): MimeBundle {
  return Object.fromEntries(Object.entries(data).map(([type, value]) => [type, change(value, type)]));
}

function joinOutput(output: { [key: string]: unknown }): { [key: string]: unknown } {
  if (output.output_type === "stream") return { ...output, text: joinLines(output.text) };
  // A list in a JSON type is a list.
  const join = (value: unknown, type: string) => (/[/+]json$/.test(type) ? value : joinLines(value));
  return "data" in output ? { ...output, data: mapBundle(output.data as MimeBundle, join) } : output;
}

function joinLines(value: unknown): unknown {
  return Array.isArray(value) ? value.join("") : value;
}

function splitOutput(output: Output): { [key: string]: unknown } {
  if (output.output_type === "stream") return { ...output, text: splitLines(output.text) };
  if (!("data" in output)) return output;
  const split = (value: unknown, type: string) =>
    typeof value === "string" && /^(text\/|image\/svg\+xml$|application\/javascript$)/.test(type)
      ? splitLines(value)
      : value;
  return { ...output, data: mapBundle(output.data, split) };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sortKeys(v)]));
}
