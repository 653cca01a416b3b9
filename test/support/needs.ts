/**
 * Tests that want more than Node and npm: Python with some modules, Chromium, a program or a library. Where a part is
 * missing the suite is skipped and its name says why; under JESSL_TEST_ALL=1, which CI sets, that is a failure instead.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { packageRoot } from "../../src/index.js";
import { packageVersion } from "../../src/support/package.js";

/** `python:torch`, `program:git`, `file:/usr/bin/chromium`, `npm:sharp`. */
export type Part = `python:${string}` | `program:${string}` | `file:${string}` | `npm:${string}`;

function succeeds(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore", timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}

/** The interpreter that tests use: JESSL_PYTHON, the project's .venv, or python3. */
export const python: string =
  [process.env.JESSL_PYTHON, join(packageRoot, ".venv/bin/python")].find(
    (path) => path !== undefined && existsSync(path),
  ) ?? "python3";

/** The interpreter that has FFCV: JESSL_FFCV_PYTHON, as in the bench, or the one that tests use. */
export const ffcvPython: string = process.env.JESSL_FFCV_PYTHON ?? python;

/**
 * Peers of the bench, which CI does not install, for PyTorch with its libraries takes 5 GB, and FFCV wants it, OpenCV and
 * a compiler: even there a suite for them is skipped. What their authors' code gives is held in fixtures.
 */
const benchOnly: readonly Part[] = ["python:torch", "python:torchvision", "python:ffcv"];

const known = new Map<Part, boolean>();

function isThere(part: Part): boolean {
  const name = part.slice(part.indexOf(":") + 1);
  if (part.startsWith("file:")) return existsSync(name);
  if (part.startsWith("npm:")) return packageVersion(name) !== undefined;
  if (part.startsWith("program:")) return succeeds("which", [name]);
  const spec = `import importlib.util, sys; sys.exit(importlib.util.find_spec(${JSON.stringify(name)}) is None)`;
  return succeeds(name === "ffcv" ? ffcvPython : python, ["-c", spec]);
}

/** Those of `parts` that are not on this machine. */
export function missingParts(...parts: Part[]): Part[] {
  return parts.filter((part) => {
    const there = known.get(part) ?? isThere(part);
    known.set(part, there);
    return !there;
  });
}

const skipped = (name: string, without: string): string => `${name} (skipped: ${without})`;

/** A suite that runs where all parts are there. */
export function describeWith(parts: readonly Part[], name: string, suite: () => void): void {
  const missing = missingParts(...parts);
  if (missing.length === 0) describe(name, suite);
  else if (process.env.JESSL_TEST_ALL === "1" && !missing.every((part) => benchOnly.includes(part)))
    test(name, () => {
      throw new Error(`${name}: needs ${missing.join(", ")}, and JESSL_TEST_ALL=1 forbids to skip it`);
    });
  else describe.skip(skipped(name, `needs ${missing.join(", ")}`), suite);
}

/** What a machine is without where the probe found no size of blocks. */
export const noBlocks = "ONNX Runtime has no blocked operators on this processor";

/** A suite that runs where the machine can do it, whatever is installed; elsewhere its name says what is not there. */
export function describeWhere(can: boolean, without: string, name: string, suite: () => void): void {
  if (can) describe(name, suite);
  else describe.skip(skipped(name, without), suite);
}

/** One test of that kind. */
export function testWhere(can: boolean, without: string, name: string, body: () => Promise<void>): void {
  if (can) test(name, body);
  else test.skip(skipped(name, without), body);
}
