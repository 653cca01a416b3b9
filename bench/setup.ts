/**
 * Makes the .venv that the Python peers of the bench run in: `node dist/bench/setup.js`. Nothing but the bench and some
 * tests use it. Run again after an interruption, it goes on.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { JesslError } from "../src/support/errors.js";
import { packageRoot } from "../src/support/package.js";
import { benchPython } from "./sides.js";

export const requirements = join(packageRoot, "bench/peers/requirements.txt");

/** PyTorch with the CUDA libraries that its wheel for Linux wants, and room to unpack them. */
const neededGiB = 12;

/** The first Python 3.10 or newer of the PATH. @throws JesslError when there is none */
export function findPython(candidates: readonly string[] = ["python3", "python", "py"]): string {
  for (const candidate of candidates) {
    const test = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    if (spawnSync(candidate, ["-c", test], { stdio: "ignore", timeout: 30_000 }).status === 0)
      return candidate;
  }
  throw new JesslError(
    `python: expected 3.10 or newer with its venv module on the PATH as ${candidates.join(", ")}, found none; install it (Debian: apt-get install python3-venv) and run this again`,
  );
}

/** Throws unless `folder` has `gib` GiB free. */
export function checkDisk(folder: string, gib: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1024 ** 3;
  if (free < gib)
    throw new JesslError(`disk: expected ${gib} GiB free in ${folder}, found ${free.toFixed(1)} GiB`);
}

function setup(): void {
  const python = benchPython();
  const venv = join(packageRoot, ".venv");
  if (!existsSync(python)) {
    const system = findPython();
    checkDisk(packageRoot, neededGiB);
    execFileSync(system, ["-m", "venv", venv], { stdio: "inherit" });
  }
  // pip skips what is there already in the right version, so this goes on where an earlier one stopped.
  const { status } = spawnSync(python, ["-m", "pip", "install", "-r", requirements], { stdio: "inherit" });
  if (status !== 0)
    throw new JesslError(
      `pip: could not install ${requirements} into ${venv}; its messages stand above. Delete ${venv} to begin anew`,
    );
  process.stdout.write(`The Python peers are in ${venv}.\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  try {
    setup();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
