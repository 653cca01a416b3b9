/**
 * The rows of a reproduction on disk, one JSON line each, written as soon as they are known: an interrupted run loses
 * the row it was in, no more. A row is found again by a key of everything that decides it: its configuration, how it
 * was measured, and the code.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { packageRoot } from "../../src/support/package.js";
import { appendLine, readLines } from "../../src/train/run-folder.js";
import { codeHash } from "./code.js";
import { type MadeBy, madeNow } from "./provenance.js";

interface Line<T> {
  readonly key: string;
  readonly row: T;
  /** What measured it, so that it can be told from a row of other code without its key. */
  readonly made?: MadeBy;
}

/** What was measured, by key. */
export class RowStore<T> {
  readonly #path: string;
  readonly #lines: Map<string, Omit<Line<T>, "key">>;

  /** @param path a .jsonl file; it need not exist */
  constructor(path: string) {
    this.#path = path;
    this.#lines = new Map(readLines<Line<T>>(path).map(({ key, ...line }) => [key, line]));
  }

  get(key: string): T | undefined {
    return this.#lines.get(key)?.row;
  }

  /** What made a row; undefined of rows that do not say. */
  madeBy(key: string): MadeBy | undefined {
    return this.#lines.get(key)?.made;
  }

  /** The hashes of the codes that made the rows, each once. */
  codes(): string[] {
    return [...new Set([...this.#lines.values()].flatMap(({ made }) => made?.code ?? []))];
  }

  add(key: string, row: T): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    dropCutLine(this.#path);
    const line = { row, made: madeNow() };
    appendLine(this.#path, { key, ...line } satisfies Line<T>);
    this.#lines.set(key, line);
  }
}

/** Takes away a last line that a kill cut short, to which the next one would be glued. */
function dropCutLine(path: string): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const whole = bytes.lastIndexOf("\n") + 1;
  if (whole < bytes.length) truncateSync(path, whole);
}

/**
 * The key of a row: a hash of what decides it, wherever the package lies.
 * @param code this code's hash unless told otherwise
 */
export function rowKey(parts: object, code: string = codeHash()): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...parts, code }).replaceAll(packageRoot, ""))
    .digest("hex")
    .slice(0, 24);
}
