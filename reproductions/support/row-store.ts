/**
 * The rows of a reproduction on disk, one JSON line each, written as soon as they are known: an interrupted run loses
 * the row it was in, no more. A row is found again by a key of everything that decides it: its configuration, how it
 * was measured, and the code.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { appendLine, readLines } from "../../src/train/run-folder.js";
import { codeHash } from "./code.js";
import { type MadeBy, madeNow } from "./provenance.js";

interface Line<T> {
  readonly key: string;
  readonly row: T;
  /** What measured it, so that it can be told from a row of other code without its key. */
  readonly made: MadeBy;
}

/** What was measured, by key. */
export class RowStore<T> {
  readonly #path: string;
  readonly #rows: Map<string, T>;

  /** @param path a .jsonl file; it need not exist */
  constructor(path: string) {
    this.#path = path;
    this.#rows = new Map(readLines<Line<T>>(path).map(({ key, row }) => [key, row]));
  }

  get(key: string): T | undefined {
    return this.#rows.get(key);
  }

  add(key: string, row: T): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    dropCutLine(this.#path);
    appendLine(this.#path, { key, row, made: madeNow() } satisfies Line<T>);
    this.#rows.set(key, row);
  }
}

/** Takes away a last line that a kill cut short, to which the next one would be glued. */
function dropCutLine(path: string): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const whole = bytes.lastIndexOf("\n") + 1;
  if (whole < bytes.length) truncateSync(path, whole);
}

/** The key of a row: a hash of what decides it. */
export function rowKey(parts: object): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...parts, code: codeHash() }))
    .digest("hex")
    .slice(0, 24);
}
