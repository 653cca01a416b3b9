/**
 * The rows of a reproduction on disk, one JSON line each, written as soon as they are known: an interrupted run loses
 * the row it was in, no more. A row is found again by a key of everything that decides it: its configuration, how it
 * was measured, and the code.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { appendLine, readLines } from "../../src/train/run-folder.js";

interface Line<T> {
  readonly key: string;
  readonly row: T;
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
    appendLine(this.#path, { key, row } satisfies Line<T>);
    this.#rows.set(key, row);
  }
}

/** The parts of the library that can change a number. */
const deciding = ["augment", "data", "engine", "evaluate", "loss", "nn", "optim", "random", "train"];

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (/\.(js|ts)$/.test(entry.name) && !entry.name.endsWith(".d.ts")) yield path;
  }
}

let known: string | undefined;

/** A hash of the library's code, so that rows of other code are not taken for rows of this one. */
export function codeHash(): string {
  if (known === undefined) {
    const source = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");
    const hash = createHash("sha256");
    for (const part of deciding)
      if (existsSync(join(source, part)))
        for (const file of filesBelow(join(source, part))) hash.update(readFileSync(file));
    known = hash.digest("hex").slice(0, 16);
  }
  return known;
}

/** The key of a row: a hash of what decides it. */
export function rowKey(parts: object): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...parts, code: codeHash() }))
    .digest("hex")
    .slice(0, 24);
}
