/**
 * Which code this is: the commit that a reader can look up, and a hash of the parts that can change a number, by which
 * rows of other code are told from rows of this one.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../src/support/package.js";

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

let hash: string | undefined;

/** A hash of the library's code, so that rows of other code are not taken for rows of this one. */
export function codeHash(): string {
  if (hash === undefined) {
    const source = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");
    const sum = createHash("sha256");
    for (const part of deciding)
      if (existsSync(join(source, part)))
        for (const file of filesBelow(join(source, part))) sum.update(readFileSync(file));
    hash = sum.digest("hex").slice(0, 16);
  }
  return hash;
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync("git", args, {
      cwd: packageRoot,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined;
  }
}

let known: string | undefined;

/** The commit as it was when it was first asked for: a checkout that moves on does not change the code that runs. */
export function commit(): string {
  known ??= currentCommit();
  return known;
}

function currentCommit(): string {
  // A package inside somebody's own repository has no commit of its own.
  if (git("ls-files", "--error-unmatch", "package.json") === undefined) return "unknown";
  const head = git("rev-parse", "--short=12", "HEAD")?.trim() ?? "unknown";
  const changed = git("status", "--porcelain", "--", "src", "reproductions/*.ts") ?? "";
  return changed.trim() === "" ? head : `${head}+`;
}
