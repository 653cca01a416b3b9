/** Compiled models on disk: the same bits, never another program's, and no harm from damaged files or other processes. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type HostTensor, hostScalar } from "../../../src/engine/host.js";
import { type CompileReport, jit } from "../../../src/engine/jit.js";
import { entryPath, modelFolder, prune, readEntry, storeEntry } from "../../../src/engine/run/model-cache.js";
import { tf } from "../../../src/engine/tf.js";
import { constant } from "../../../src/engine/trace/trace.js";
import { floats } from "../../support/data.js";

const execute = promisify(execFile);

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "jessl-cache-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
  vi.stubEnv("JESSL_CACHE", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(cache, { recursive: true });
});

const entries = () => (existsSync(modelFolder()) ? readdirSync(modelFolder()) : []);
const x = floats([2, 6, 6, 8], 1);
const filter = floats([3, 3, 8, 8], 2, -0.2, 0.2);

/** So many nodes that the program is kept: a chain of convolutions and sines that depends on `numbers` and `offset`. */
function program(offset: number, numbers: HostTensor = filter, depth = 400) {
  return (image: tf.Tensor, shift: tf.Tensor) => {
    const weights = constant(numbers) as tf.Tensor4D;
    let y = image;
    for (let i = 0; i < depth; i++)
      y =
        i % 100 === 0
          ? tf.conv2d(y as tf.Tensor4D, weights, 1, "same")
          : tf.add(tf.sin(tf.mul(y, 1 + i / 1000)), shift);
    return tf.add(tf.conv2d(y as tf.Tensor4D, weights, 1, "same"), offset);
  };
}

/** Runs a program; says whether it came from the disk. */
async function run(fn: ReturnType<typeof program>): Promise<{ cached: boolean; bits: string }> {
  const reports: CompileReport[] = [];
  const compiled = jit(fn, { onCompile: (report) => reports.push(report) });
  const result = await (await compiled(x, hostScalar(0.1))).data();
  await compiled.dispose();
  return { cached: reports[0]!.cached, bits: createHash("sha256").update(result).digest("hex") };
}

describe("a program that was compiled before", () => {
  it("is read from the disk and gives the same bits; JESSL_CACHE=off does without", async () => {
    vi.stubEnv("JESSL_CACHE", "off");
    const without = await run(program(0));
    expect(entries()).toEqual([]);
    vi.stubEnv("JESSL_CACHE", undefined);
    const [first, second] = [await run(program(0)), await run(program(0))];
    expect([without.cached, first.cached, second.cached]).toEqual([false, false, true]);
    expect([first.bits, second.bits]).toEqual([without.bits, without.bits]);
    expect(entries()).toHaveLength(1);
  });

  it("another number in the function, another constant, another depth: other entries", async () => {
    const changed = {
      ...filter,
      data: filter.data.map((value, i) => (i === 77 ? value + 1e-3 : value)) as Float32Array,
    };
    const programs = [program(0), program(0.25), program(0, changed), program(0, filter, 402)];
    const first = [];
    for (const fn of programs) first.push(await run(fn));
    expect(first.every(({ cached }) => !cached)).toBe(true);
    expect(new Set(first.map(({ bits }) => bits)).size).toBe(4);
    expect(entries()).toHaveLength(4);
    for (const [i, fn] of programs.entries())
      expect(await run(fn)).toEqual({ cached: true, bits: first[i]!.bits });
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["cut short", (bytes) => bytes.subarray(0, bytes.length / 2)],
    ["empty", () => Buffer.alloc(0)],
    [
      "with one bit turned",
      (bytes) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 4 : byte)) as Buffer,
    ],
    [
      "that is no model, with the right hash",
      () => {
        const text = Buffer.from("no model");
        return Buffer.concat([createHash("sha256").update(text).digest(), text]);
      },
    ],
  ])("an entry %s is made again", async (_, damage) => {
    const first = await run(program(0));
    const path = join(modelFolder(), entries()[0]!);
    const whole = readFileSync(path);
    writeFileSync(path, damage(readFileSync(path)));
    expect(await run(program(0))).toEqual({ cached: false, bits: first.bits });
    expect(entries()).toHaveLength(1);
    expect(readFileSync(path).length).toBe(whole.length);
    expect(await run(program(0))).toEqual({ cached: true, bits: first.bits });
  });

  it("another version of ONNX Runtime, or another processor, has another entry", async () => {
    const model = Uint8Array.of(1, 2, 3);
    const name = entryPath(model);
    expect(entryPath(Uint8Array.of(1, 2, 3))).toBe(name);
    expect(entryPath(Uint8Array.of(1, 2, 4))).not.toBe(name);
    const os = await import("node:os");
    const changed = async (path: string, module: object) => {
      vi.resetModules();
      vi.doMock(path, () => module);
      const { entryPath: other } = await import("../../../src/engine/run/model-cache.js");
      vi.doUnmock(path);
      return other(model);
    };
    expect(await changed("node:os", { ...os, cpus: () => [{ model: "another" }] })).not.toBe(name);
    const names = await import("../../../src/support/package.js");
    expect(
      await changed("../../../src/support/package.js", { ...names, packageVersion: () => "9.9.9" }),
    ).not.toBe(name);
  });

  it("a folder that cannot be made is no fault", async () => {
    writeFileSync(join(cache, "jessl"), "a file where the folder should be");
    expect((await run(program(0))).cached).toBe(false);
  });
});

it("what was not used for longest goes when there is too much; what a killed process left goes after an hour", () => {
  mkdirSync(modelFolder(), { recursive: true });
  const entry = (i: number) => join(modelFolder(), `${i}.model`);
  const at = (path: string, minutes: number) =>
    utimesSync(path, new Date(), new Date(Date.now() - 60_000 * minutes));
  const store = (i: number) => {
    const temporary = join(modelFolder(), ".x.tmp");
    writeFileSync(temporary, Buffer.alloc(100, i));
    storeEntry(entry(i), temporary, 450);
  };
  for (const i of [1, 2, 3]) {
    store(i);
    at(entry(i), 10 - i);
  }
  expect(readEntry(entry(1))).toEqual(Buffer.alloc(100, 1)); // used just now
  writeFileSync(join(modelFolder(), ".old.tmp"), "");
  writeFileSync(join(modelFolder(), ".new.tmp"), "");
  at(join(modelFolder(), ".old.tmp"), 61);
  store(4);
  expect(entries().sort()).toEqual([".new.tmp", "1.model", "3.model", "4.model"]);
  prune(0);
  expect(entries()).toEqual([".new.tmp"]);
});

it("several processes at once: one entry, and all have the same numbers", { timeout: 120_000 }, async () => {
  const script = fileURLToPath(new URL("cache-process.mjs", import.meta.url));
  const environment = { ...process.env, XDG_CACHE_HOME: cache, JESSL_CACHE: "" };
  const start = async () =>
    JSON.parse((await execute(process.execPath, [script], { env: environment })).stdout);
  const all = await Promise.all([start(), start(), start()]);
  for (const { bits } of all) expect(bits).toEqual(all[0].bits);
  expect(entries()).toHaveLength(1);
  expect(await start()).toEqual({ cached: true, bits: all[0].bits });
});
