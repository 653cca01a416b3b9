/** The lock on a folder: held by a living process, taken over from a dead one. */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/index.js";
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

test.runIf(process.platform === "linux")("a number that was given again is of another process", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  const place = join(folder, "lock");
  writeFileSync(place, JSON.stringify({ pid: child.pid, host: hostname(), began: "1" }));
  lockFolder(folder, "run")();
  const began = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(" ")[21];
  writeFileSync(place, JSON.stringify({ pid: child.pid, host: hostname(), began }));
  expect(() => lockFolder(folder, "run")).toThrow(/is working on it/);
  child.kill("SIGKILL");
});

test("who was replaced does not unlock for others", () => {
  const first = lockFolder(folder, "run");
  heldBy(1, "another-machine");
  const second = lockFolder(folder, "run");
  first();
  expect(existsSync(join(folder, "lock"))).toBe(true);
  second();
  expect(readdirSync(folder)).toEqual([]);
});

test("of many processes that find a dead one's lock at the same time, one takes it", async () => {
  const script = `
    import { createInterface } from "node:readline";
    import { lockFolder } from ${JSON.stringify(join(packageRoot, "dist/src/support/lock.js"))};
    const tell = (text) => process.stdout.write(text + "\\n");
    tell("ready");
    createInterface(process.stdin).on("line", (folder) => {
      try {
        lockFolder(folder, "run");
        tell("holds");
      } catch (error) {
        tell(error.message);
      }
    });`;
  const processes = Array.from({ length: 4 }, () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    return { child, line: async () => (await lines.next()).value as string };
  });
  for (const { line } of processes) expect(await line()).toBe("ready");
  for (let round = 0; round < 50; round++) {
    const place = join(folder, String(round));
    mkdirSync(place);
    writeFileSync(join(place, "lock"), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
    for (const { child } of processes) child.stdin.write(`${place}\n`);
    const said = await Promise.all(processes.map(({ line }) => line()));
    expect(said.filter((text) => text === "holds")).toHaveLength(1);
    expect(said.filter((text) => text.includes("is working on it"))).toHaveLength(3);
    expect(readdirSync(place)).toEqual(["lock"]);
  }
  for (const { child } of processes) child.kill("SIGKILL");
});

test("what a kill left behind is taken over: cut short, or of another machine", () => {
  writeFileSync(join(folder, "lock"), '{"pi');
  lockFolder(folder, "run")();
  heldBy(1, "another-machine");
  lockFolder(folder, "run")();
});
