/** What a command needs beside Node: a Python, a compiler, room on the disk. Each lack is an error that says what to do. */
import { spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { DiskError, JesslError } from "./errors.js";

/** A program that a command needs is missing or failed. */
export class ProgramError extends JesslError {}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore", timeout: 30_000 }).status === 0;
}

/**
 * The first of `candidates` that is a Python 3.10 or newer with these modules.
 * @throws ProgramError when there is none
 */
export function findPython(
  modules: readonly string[],
  candidates: readonly string[] = ["python3", "python", "py"],
): string {
  const test = `import ${["sys", ...modules].join(", ")}; sys.exit(sys.version_info < (3, 10))`;
  const python = candidates.find((candidate) => succeeds(candidate, ["-c", test]));
  if (python !== undefined) return python;
  throw new ProgramError(
    `python: expected 3.10 or newer with ${modules.join(", ")} as ${candidates.join(" or ")}, found none; install it (Debian: apt-get install python3 python3-pip python3-venv) and run the same command again`,
  );
}

/** The first of `candidates` that compiles C++. @throws ProgramError when there is none */
export function findCompiler(candidates: readonly string[] = ["g++", "c++", "clang++"]): string {
  const compiler = candidates.find((candidate) => succeeds(candidate, ["--version"]));
  if (compiler !== undefined) return compiler;
  throw new ProgramError(
    `compiler: expected a C++ compiler as ${candidates.join(" or ")}, found none; install one (Debian: apt-get install g++) and run the same command again`,
  );
}

/** @throws DiskError unless the disk of `folder`, which need not exist yet, has `gib` GiB free */
export function checkDisk(folder: string, gib: number): void {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  const free = (bavail * bsize) / 1024 ** 3;
  if (free < gib)
    throw new DiskError(`disk: expected ${gib} GiB free for ${folder}, found ${free.toFixed(1)} GiB`);
}

/**
 * Runs a program to its end, with its output on this process's error stream.
 * @throws ProgramError when it fails, with what was to be done
 */
export function runProgram(
  what: string,
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): void {
  const { status, error, signal } = spawnSync(program, args, {
    cwd,
    env: env ?? process.env,
    stdio: ["ignore", 2, 2],
  });
  if (status === 0) return;
  const reason = error?.message ?? (signal ? `it was ended by ${signal}` : `exit code ${status}`);
  throw new ProgramError(`${what}: ${program} ${args.slice(0, 3).join(" ")} failed: ${reason}`);
}
