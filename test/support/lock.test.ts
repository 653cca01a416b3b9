/** The lock on a folder: held by a living process, taken over from a dead one. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "../../src/support/lock.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function heldBy(pid: number, host = hostname()): void {
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid, host }));
}

test("a living process keeps others out, until it unlocks", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  heldBy(child.pid!);
  expect(() => lockFolder(folder, "run")).toThrow(
    `run ${folder}: process ${child.pid} is working on it; wait for it or end it`,
  );
  child.kill("SIGKILL");
  await new Promise((resolve) => child.on("close", resolve));
  const unlock = lockFolder(folder, "run");
  expect(JSON.parse(readFileSync(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
  unlock();
  expect(existsSync(join(folder, "lock"))).toBe(false);
});

test("what a kill left behind is taken over: cut short, or of another machine", () => {
  writeFileSync(join(folder, "lock"), '{"pi');
  lockFolder(folder, "run")();
  heldBy(1, "another-machine");
  lockFolder(folder, "run")();
});
