/** The command line as users run it: the built program in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/index.js";

const main = join(packageRoot, "dist/src/cli/main.js");

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** What it wrote to standard error until now. */
  stderr(): string;
  readonly finished: Promise<Finished>;
}

/** Starts `jessl` with arguments. The package must be built; `npm test` does that first. */
export function startCli(args: readonly string[], cwd?: string): Running {
  if (!existsSync(main)) throw new Error(`${main}: not there; run npm run build first`);
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, stderr: () => stderr, finished };
}

export function runCli(args: readonly string[], cwd?: string): Promise<Finished> {
  return startCli(args, cwd).finished;
}
