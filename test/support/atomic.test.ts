/** Atomic files: whole or absent, nothing left behind, and a full disk says so. */

import * as fs from "node:fs";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { writeFileAtomic } from "../../src/support/atomic.js";
import { DiskError } from "../../src/support/errors.js";

vi.mock("node:fs", async (original) => ({ ...(await original<typeof fs>()) }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-atomic-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test("text, bytes and parts are written, folders are made", () => {
  writeFileAtomic(join(folder, "a/b/text"), "hü");
  writeFileAtomic(join(folder, "a/b/bytes"), Uint8Array.of(1, 2));
  writeFileAtomic(join(folder, "a/b/parts"), [Uint8Array.of(1), Uint8Array.of(2, 3)]);
  expect(readFileSync(join(folder, "a/b/text"), "utf8")).toBe("hü");
  expect([...readFileSync(join(folder, "a/b/bytes"))]).toEqual([1, 2]);
  expect([...readFileSync(join(folder, "a/b/parts"))]).toEqual([1, 2, 3]);
  expect(readdirSync(join(folder, "a/b"))).toHaveLength(3);
});

test("a full disk: clear error, the old file stays, no temporary file is left", () => {
  const path = join(folder, "checkpoint");
  writeFileSync(path, "old");
  const write = fs.writeSync;
  let written = 0;
  vi.spyOn(fs, "writeSync").mockImplementation(((
    file: number,
    data: Uint8Array,
    offset: number,
    length: number,
  ) => {
    if (written >= 4) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    written += Math.min(4, length);
    return write(file, data, offset, Math.min(4, length));
  }) as typeof fs.writeSync);
  expect(() => writeFileAtomic(path, "new content")).toThrow(DiskError);
  expect(() => writeFileAtomic(path, "new content")).toThrow(/checkpoint: the disk is full; free some space/);
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["checkpoint"]);
});

test("short writes are continued", () => {
  const write = fs.writeSync;
  vi.spyOn(fs, "writeSync").mockImplementation(((
    file: number,
    data: Uint8Array,
    offset: number,
    length: number,
  ) => write(file, data, offset, Math.min(3, length))) as typeof fs.writeSync);
  writeFileAtomic(join(folder, "x"), "0123456789");
  expect(readFileSync(join(folder, "x"), "utf8")).toBe("0123456789");
});

test("a folder that is a file is a clear error", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => writeFileAtomic(join(folder, "file/x"), "")).toThrow(DiskError);
});
