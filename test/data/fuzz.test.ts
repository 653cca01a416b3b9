/**
 * 10,000 mutated files for each parser: what comes is a DataError or a right result, never a crash, a hang or a gigabyte.
 * A result is right when it has the form that was promised; a flipped pixel is no fault that a parser could see.
 */
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { BetonFile } from "../../src/data/beton/reader.js";
import { decodeCifar } from "../../src/data/cifar.js";
import { decodeIdx } from "../../src/data/idx.js";
import { readParquet } from "../../src/data/parquet.js";
import { readTar } from "../../src/data/tar.js";
import { DataError } from "../../src/support/errors.js";
import { generator } from "../support/data.js";

const cases = 10_000;
/** The slow parsers have all cases where every test is wanted, and some of them elsewhere. */
const slowCases = process.env.JESSL_TEST_ALL === "1" ? cases : 1000;
const folder = mkdtempSync(join(tmpdir(), "jessl-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Random = () => number;
const below = (next: Random, n: number): number => Math.floor(next() * n);
/** Numbers that break parsers more often than others. */
const nasty = [0, 1, 2, 0x7f, 0x80, 0xff];

/** Changes one to four places: a byte, a run of bytes, a copied run, a whole number of 8 bytes; or cuts the end off. */
function mutate(source: Uint8Array, next: Random, from = 0, to = source.length): Uint8Array {
  const bytes = Uint8Array.from(source);
  for (let i = 1 + below(next, 4); i > 0; i--) {
    const at = from + below(next, to - from);
    switch (below(next, 5)) {
      case 0:
        bytes[at] = below(next, 256);
        break;
      case 1:
        bytes[at] = nasty[below(next, nasty.length)]!;
        break;
      case 2:
        bytes.fill(nasty[below(next, nasty.length)]!, at, at + 1 + below(next, 9));
        break;
      case 3:
        bytes.copyWithin(at, from + below(next, to - from), from + below(next, to - from));
        break;
      case 4:
        bytes[at]! ^= 1 << below(next, 8);
        break;
    }
  }
  return next() < 0.1 ? bytes.subarray(0, below(next, bytes.length)) : bytes;
}

/** Runs the cases; how many ended with an error is returned. */
async function fuzz(seed: number, attempt: (next: Random) => unknown, count = cases): Promise<number> {
  const next = generator(seed);
  const before = process.memoryUsage().rss;
  let errors = 0;
  for (let i = 0; i < count; i++)
    try {
      await attempt(next);
    } catch (error) {
      if (!(error instanceof DataError)) throw new Error(`case ${i}: ${String(error)}`, { cause: error });
      errors++;
    }
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 30);
  expect(errors).toBeGreaterThan(count / 100);
  expect(errors).toBeLessThan(count);
  return errors;
}

const random = (length: number, seed: number): Uint8Array => {
  const next = generator(seed);
  return Uint8Array.from({ length }, () => below(next, 256));
};

test("IDX, packed and plain", async () => {
  const plain = Buffer.concat([
    Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 6),
    random(120, 1),
  ]);
  const packed = gzipSync(plain);
  await fuzz(1, (next) => {
    const { shape, data } = decodeIdx(next() < 0.5 ? mutate(plain, next, 0, 20) : mutate(packed, next));
    expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
  });
});

test("CIFAR", async () => {
  const file = random(3 * 3073, 2);
  for (let i = 0; i < 3; i++) file[i * 3073] = i;
  await fuzz(2, (next) => {
    const { images, labels } = decodeCifar(mutate(file, next, 3073 * below(next, 3), 3073 * 3), "cifar10");
    expect(images.length).toBe(3072 * labels.length);
    for (const label of labels) expect(label < 10).toBe(true);
  });
});

test("tar", async () => {
  const header = Buffer.alloc(512);
  header.write("folder/name");
  header.write("0000644\0", 100);
  header.write("00000000700\0", 124);
  header.write("        0", 148);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 0`, 148);
  const archive = Buffer.concat([header, random(512, 3), Buffer.alloc(1024)]);
  expect([...readTar(archive).keys()]).toEqual(["folder/name"]);
  await fuzz(3, (next) => {
    for (const content of readTar(mutate(archive, next, 0, 512)).values())
      expect(content.length).toBeLessThan(archive.length);
  });
});

test("parquet", async () => {
  const file = readFileSync(join(import.meta.dirname, "fixtures", "images.parquet"));
  const path = join(folder, "images.parquet");
  await fuzz(
    4,
    async (next) => {
      writeFileSync(path, mutate(file, next));
      const { encoded, labels, classes } = await readParquet(path);
      expect(encoded.length).toBe(labels.length);
      for (const label of labels) expect(label >= 0 && label < classes.length).toBe(true);
    },
    slowCases,
  );
}, 300_000);

test(".beton", async () => {
  const file = gunzipSync(readFileSync(join(import.meta.dirname, "beton/fixtures/all.beton.gz")));
  const path = join(folder, "all.beton");
  writeFileSync(path, file);
  const out = openSync(path, "r+");
  // The file is two megabytes of zeros with something at its beginning and its end: these parts are changed in place.
  const parts = [
    [0, 24 + 7 * 1041 + 3 * 96],
    [2 ** 21, 2 ** 21 + 600],
    [file.length - 15 * 24, file.length],
  ] as const;
  await fuzz(
    5,
    (next) => {
      const [from, to] = parts[next() < 0.7 ? 0 : 1 + below(next, 2)]!;
      // In the descriptors most bytes are zero; what means something is changed more often.
      const start = from === 0 ? [0, 24 + 1041 * below(next, 7), 24 + 7 * 1041][below(next, 3)]! : from;
      const part = mutate(
        file.subarray(from, to),
        next,
        start - from,
        from === 0 && start < 24 + 7 * 1041 ? start + 45 : to - from,
      );
      writeSync(out, part, 0, part.length, from);
      if (part.length < to - from) ftruncateSync(out, from + part.length);
      try {
        using beton = new BetonFile(path);
        const read = {
          float: "float",
          int: "bigint",
          rgb: "image",
          bytes: "bytes",
          json: "json",
          ndarray: "array",
          custom: "bytes",
        } as const;
        for (let i = 0; i < Math.min(beton.count, 5); i++)
          for (const [name, { type }] of Object.entries(beton.fields)) {
            const value = beton[read[type]](name, i);
            if (type === "rgb") {
              const { mode, width, height, data } = value as ReturnType<BetonFile["image"]>;
              if (mode === "raw") expect(data.length).toBe(3 * width * height);
            }
          }
      } finally {
        if (part.length < to - from) writeSync(out, file.subarray(from), 0, file.length - from, from);
        else writeSync(out, file.subarray(from, to), 0, to - from, from);
      }
    },
    slowCases,
  );
  closeSync(out);
}, 300_000);
