/**
 * Makes the .venv that the Python peers of the bench run in: `node dist/bench/setup.js`. Nothing but the bench and some
 * tests use it. Run again after an interruption, it goes on.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../src/support/package.js";
import { projectPython } from "../src/support/parts.js";
import { checkDisk, findPython, runProgram } from "../src/support/programs.js";

export const requirements = join(packageRoot, "bench/peers/requirements.txt");

/** PyTorch with the CUDA libraries that its wheel for Linux wants, and room to unpack them. */
const neededGiB = 12;

function setup(): void {
  const python = projectPython();
  const venv = join(packageRoot, ".venv");
  if (!existsSync(python)) {
    const system = findPython(["venv", "ensurepip"]);
    checkDisk(packageRoot, neededGiB);
    runProgram("virtual environment", system, ["-m", "venv", venv]);
  }
  // pip skips what is there already in the right version, so this goes on where an earlier one stopped.
  runProgram(`Python packages of ${requirements}`, python, ["-m", "pip", "install", "-r", requirements]);
  process.stdout.write(`The Python peers are in ${venv}.\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  try {
    setup();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
