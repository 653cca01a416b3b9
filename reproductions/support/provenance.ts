/** Where results come from: the code's commit, versions, machine, profile, seeds and time. */
import { execFileSync } from "node:child_process";
import { packageRoot } from "../../src/support/package.js";
import { type Environment, environment } from "../../src/train/run-folder.js";
import type { ProfileName } from "./protocol.js";
import { codeHash } from "./row-store.js";

export interface Provenance extends Environment {
  readonly profile: ProfileName;
  /** The commit of the code; `+` when files were changed since, "unknown" outside a checkout. */
  readonly commit: string;
  /** Hash of the parts of the library that can change a number. */
  readonly code: string;
  readonly device: string;
  readonly threads: number;
  /** Wall time of all rows, those of earlier, interrupted runs included. */
  readonly seconds: number;
  /** When the last row was finished, ISO 8601. */
  readonly date: string;
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

function commit(): string {
  // A package inside somebody's own repository has no commit of its own.
  if (git("ls-files", "--error-unmatch", "package.json") === undefined) return "unknown";
  const head = git("rev-parse", "--short=12", "HEAD")?.trim() ?? "unknown";
  const changed = git("status", "--porcelain", "--", "src", "reproductions/*.ts") ?? "";
  return changed.trim() === "" ? head : `${head}+`;
}

/** The provenance of results that were finished now. */
export function provenance(
  facts: Pick<Provenance, "profile" | "device" | "threads" | "seconds">,
): Provenance {
  return { ...facts, ...environment(), commit: commit(), code: codeHash(), date: new Date().toISOString() };
}
