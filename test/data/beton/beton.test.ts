/**
 * .beton files: those that FFCV 1.0.2 wrote are read, ours read back, FFCV reads ours (where JESSL_FFCV_PYTHON or the tests
 * Python has it), and faults are named.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BetonValue } from "../../../src/data/beton/encode.js";
import {
  type BetonFields,
  decodeDescriptor,
  encodeDescriptor,
  recordLayout,
} from "../../../src/data/beton/layout.js";
import { BetonFile } from "../../../src/data/beton/reader.js";
import { type BetonWriteOptions, writeBeton } from "../../../src/data/beton/writer.js";
import { decodeImage } from "../../../src/data/decode.js";
import { DataError, DiskError } from "../../../src/support/errors.js";
import { describeWith, ffcvPython } from "../../support/needs.js";

const fixtures = join(import.meta.dirname, "fixtures");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-beton-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A fixture, unpacked. */
function fixture(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, gunzipSync(readFileSync(join(fixtures, `${name}.gz`))));
  return path;
}

/** The image that the fixtures' script makes. */
function image(i: number, height = 4, width = 6): Uint8Array {
  const pixels: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.push(40 * y + i, 30 * x + i, 10 * (x + y) + 20 * i);
  return Uint8Array.from(pixels);
}

/** A gradient, which JPEG keeps. */
function smooth(i: number, height: number, width: number): Uint8Array {
  const pixels: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.push(7 * y + i, 9 * x + i, 4 * (x + y) + 9 * i);
  return Uint8Array.from(pixels);
}

/** A floating-point number of a region's bytes. */
const floats = (bytes: Uint8Array): number[] => [...new Float32Array(Uint8Array.from(bytes).buffer)];

describe("files that FFCV wrote", () => {
  test("raw images and whole numbers", () => {
    using file = new BetonFile(fixture("images.beton"));
    expect(file.fields).toEqual({ image: { type: "rgb" }, label: { type: "int" } });
    expect(file.count).toBe(5);
    for (let i = 0; i < 5; i++) {
      expect(file.image("image", i)).toMatchObject({
        mode: "raw",
        width: 6,
        height: 4,
        data: Buffer.from(image(i)),
      });
      expect(file.int("label", i)).toBe([3, -1, 2 ** 40, 0, 7][i]);
    }
  });

  test("JPEG images of several sizes", async () => {
    using file = new BetonFile(fixture("jpeg.beton"));
    for (let i = 0; i < 4; i++) {
      const { mode, width, height, data } = file.image("image", i);
      expect([mode, width, height, file.int("label", i)]).toEqual(["jpg", 24, 16 + i, i]);
      const { pixels } = await decodeImage(data, { channels: 3 });
      // Colour is stored for blocks of 2 × 2 pixels, which differ by up to 9 here.
      const expected = smooth(i, height, width);
      for (let p = 0; p < pixels.length; p++) expect(Math.abs(pixels[p]! - expected[p]!)).toBeLessThan(12);
    }
  });

  test("smart: by size; bytes", () => {
    using file = new BetonFile(fixture("smart.beton"));
    const modes = [0, 1, 2, 3].map((i) => file.image("image", i).mode);
    expect(modes).toEqual(["raw", "jpg", "raw", "jpg"]);
    expect(Buffer.from(file.bytes("text", 2)).toString()).toBe("sample 2");
  });

  test("every type of field", () => {
    using file = new BetonFile(fixture("all.beton"));
    expect(file.fields).toEqual({
      f: { type: "float" },
      i: { type: "int" },
      rgb: { type: "rgb" },
      bytes: { type: "bytes" },
      array: { type: "ndarray", shape: [2, 3], dtype: "<f4" },
      json: { type: "json" },
      tensor: { type: "ndarray", shape: [4], dtype: "<i8" },
    });
    for (let i = 0; i < 3; i++) {
      expect(file.float("f", i)).toBe(0.1 * i);
      expect(file.int("i", i) + 0).toBe(0 - i);
      expect(file.image("rgb", i).data).toEqual(Buffer.from(image(i)));
      expect([...file.bytes("bytes", i)]).toEqual(Array.from({ length: i + 1 }, (_, n) => n));
      expect(floats(file.array("array", i))).toEqual([0, 1, 2, 3, 4, 5].map((n) => Math.fround((n + i) / 3)));
      expect(file.json("json", i)).toEqual({ name: `sämple ${i}`, list: [1, i, null] });
      expect([...new BigInt64Array(Uint8Array.from(file.array("tensor", i)).buffer)]).toEqual(
        [0, 1, 2, 3].map((n) => BigInt(n - i)),
      );
    }
  });
});

const all: BetonFields = {
  f: { type: "float" },
  rgb: { type: "rgb" },
  i: { type: "int" },
  bytes: { type: "bytes" },
  array: { type: "ndarray", shape: [2, 3], dtype: "<f4" },
  json: { type: "json" },
};

function sample(i: number): Record<string, BetonValue> {
  return {
    f: i / 3,
    rgb: { pixels: async () => image(i), width: 6, height: 4 },
    i: i === 2 ? -(2n ** 62n) : -i,
    bytes: Uint8Array.from({ length: i % 4 }, (_, n) => n + i),
    array: Float32Array.from([0, 1, 2, 3, 4, 5], (n) => n + i),
    json: { i, text: "ü" },
  };
}

async function written(name: string, count: number, options: BetonWriteOptions = {}): Promise<string> {
  const path = join(folder, name);
  await writeBeton(path, all, count, async (i) => sample(i), { pageSize: 2 ** 21, ...options });
  return path;
}

describe("files that are written here", () => {
  test("read back, whatever the type; the same samples give the same bytes", async () => {
    const path = await written("all-ours.beton", 70);
    using file = new BetonFile(path);
    expect(file.fields).toEqual(all);
    for (let i = 0; i < 70; i++) {
      expect(file.float("f", i)).toBe(i / 3);
      expect(file.bigint("i", i)).toBe(i === 2 ? -(2n ** 62n) : BigInt(-i));
      expect(file.image("rgb", i).data).toEqual(Buffer.from(image(i)));
      expect([...file.bytes("bytes", i)]).toEqual(Array.from({ length: i % 4 }, (_, n) => n + i));
      expect(floats(file.array("array", i))).toEqual([0, 1, 2, 3, 4, 5].map((n) => n + i));
      expect(file.json("json", i)).toEqual({ i, text: "ü" });
    }
    expect(readFileSync(await written("again.beton", 70)).equals(readFileSync(path))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(() => file.int("i", 2)).toThrow(/sample 2: field i: expected a number within/);
  });

  test("images as JPEG, by size, or a share of them; a JPEG file is kept as it is", async () => {
    const modes = async (options: BetonWriteOptions): Promise<string[]> => {
      using file = new BetonFile(await written("modes.beton", 40, options));
      return Array.from({ length: 40 }, (_, i) => file.image("rgb", i).mode);
    };
    expect(new Set(await modes({ images: "jpg" }))).toEqual(new Set(["jpg"]));
    expect(new Set(await modes({ images: "smart", threshold: 72 }))).toEqual(new Set(["raw"]));
    expect(new Set(await modes({ images: "smart", threshold: 71 }))).toEqual(new Set(["jpg"]));
    const share = (await modes({ images: "proportion", share: 0.3 })).filter((mode) => mode === "jpg").length;
    expect(share).toBeGreaterThan(3);
    expect(share).toBeLessThan(25);
    const jpeg = await sharp(image(1), { raw: { width: 6, height: 4, channels: 3 } })
      .jpeg()
      .toBuffer();
    const path = join(folder, "kept.beton");
    const value = { pixels: () => Promise.reject(new Error("not wanted")), width: 6, height: 4, jpeg };
    await writeBeton(path, { x: { type: "rgb" } }, 1, async () => ({ x: value }), { images: "jpg" });
    using file = new BetonFile(path);
    expect(file.image("x", 0).data).toEqual(jpeg);
  });

  test("all that belongs to a sample lies in one page", async () => {
    const path = join(folder, "pages.beton");
    const size = 700_000;
    const fields: BetonFields = { a: { type: "bytes" }, b: { type: "bytes" } };
    const value = (i: number): Uint8Array => new Uint8Array(size / 2).fill(i);
    await writeBeton(path, fields, 7, async (i) => ({ a: value(i), b: value(i + 100) }), {
      pageSize: 2 ** 21,
    });
    using file = new BetonFile(path);
    for (let i = 0; i < 7; i++) {
      expect(Buffer.from(value(i)).equals(file.bytes("a", i))).toBe(true);
      expect(Buffer.from(value(i + 100)).equals(file.bytes("b", i))).toBe(true);
    }
    // Two samples a page, after the page of the metadata; 14 regions.
    expect(readFileSync(path).length).toBe(2 ** 21 * (1 + 4) + 14 * 24);
  });

  test("values that do not fit are named, and leave no file", async () => {
    const attempt = (fields: BetonFields, value: BetonValue, options: BetonWriteOptions = {}) =>
      writeBeton(join(folder, "bad.beton"), fields, 2, async () => ({ x: value }), options);
    await expect(attempt({ x: { type: "int" } }, 1.5)).rejects.toThrow(
      "sample 0: field x: expected a whole number, got 1.5",
    );
    await expect(
      attempt({ x: { type: "rgb" } }, { pixels: async () => image(0), width: 7, height: 4 }),
    ).rejects.toThrow(/expected 84 bytes for 7 × 4 pixels, got 72/);
    await expect(
      attempt({ x: { type: "ndarray", shape: [2], dtype: "<f4" } }, new Uint8Array(4)),
    ).rejects.toThrow(/expected 8 bytes for \[2\] of <f4, got 4/);
    await expect(attempt({ x: { type: "int" } }, 2n ** 63n)).rejects.toThrow(
      "sample 0: field x: expected a whole number of 64 bits, got 9223372036854775808",
    );
    await expect(attempt({ x: { type: "rgb" } }, undefined)).rejects.toThrow(
      "expected an image, got undefined",
    );
    await expect(attempt({ x: { type: "json" } }, undefined)).rejects.toThrow(/expected what JSON can hold/);
    await expect(attempt({ x: { type: "json" } }, { n: 1n })).rejects.toThrow(
      /sample 0: field x: expected what JSON can hold, got .*BigInt/,
    );
    await expect(
      attempt({ x: { type: "bytes" } }, new Uint8Array(2 ** 21 + 1), { pageSize: 2 ** 21 }),
    ).rejects.toThrow(
      /sample 0: expected data that fit into a page of 2097152 bytes, got 2097153; give a larger page size/,
    );
    await expect(attempt({ x: { type: "int" } }, 1, { pageSize: 3 })).rejects.toThrow(
      /expected a power of two/,
    );
    await expect(attempt({ "a name that is too long": { type: "int" } }, 1)).rejects.toThrow(
      /1 to 16 ASCII letters/,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith("bad"))).toEqual([]);
  });

  test("a disk that does not take the file is an error with its name, and nothing is left behind", async () => {
    const write = (path: string) => writeBeton(path, { x: { type: "int" } }, 1, async () => ({ x: 1 }));
    const place = join(folder, "place");
    mkdirSync(join(place, "taken.beton/something"), { recursive: true });
    await expect(write(join(place, "taken.beton"))).rejects.toThrow(DiskError);
    await expect(write(join(place, "taken.beton"))).rejects.toThrow(/^file \S+taken\.beton: /);
    expect(readdirSync(place)).toEqual(["taken.beton"]);
    writeFileSync(join(place, "file"), "");
    await expect(write(join(place, "file/new.beton"))).rejects.toThrow(
      /^file \S+new\.beton: (EEXIST|ENOTDIR)/,
    );
  });
});

test("records are laid out as C lays out structs", () => {
  const layout = (...types: ("rgb" | "int" | "bytes")[]) => {
    const { offsets, size } = recordLayout(Object.fromEntries(types.map((type, i) => [`f${i}`, { type }])));
    return [size, ...offsets.values()];
  };
  expect(layout("rgb", "int")).toEqual([24, 0, 16]);
  expect(layout("int", "rgb")).toEqual([24, 0, 8]);
  expect(layout("rgb", "int", "int")).toEqual([32, 0, 16, 24]);
  expect(layout("rgb", "bytes")).toEqual([29, 0, 13]);
  const field = { type: "ndarray", shape: [3, 1, 2], dtype: "|u1" } as const;
  expect(decodeDescriptor(Buffer.from(encodeDescriptor("x", field)))).toEqual({ name: "x", field });
});

describe("faults name file, sample, field and place", () => {
  const patched = (name: string, change: (bytes: Buffer) => Buffer | undefined): string => {
    const bytes = readFileSync(fixture("images.beton"));
    const path = join(folder, name);
    writeFileSync(path, change(bytes) ?? bytes);
    return path;
  };
  const record = 24 + 2 * 1041;

  test("a file that is not there, short, or of another version", () => {
    expect(() => new BetonFile(join(folder, "none"))).toThrow(/none: ENOENT/);
    expect(() => new BetonFile(patched("short", (bytes) => bytes.subarray(0, 20)))).toThrow(
      /expected 24 bytes of the header at byte 0, got a file of 20/,
    );
    expect(() => new BetonFile(patched("version", (bytes) => void bytes.writeUInt16LE(3, 0)))).toThrow(
      /expected .beton version 2, got 3/,
    );
    expect(() => new BetonFile(patched("cut", (bytes) => bytes.subarray(0, bytes.length - 1)))).toThrow(
      /cut: expected an allocation table/,
    );
  });

  test("a pointer beyond the table, a wrong mode, a wrong size", () => {
    using pointer = new BetonFile(
      patched("pointer", (bytes) => void bytes.writeBigUInt64LE(77n, record + 24 + 5)),
    );
    expect(() => pointer.image("image", 1)).toThrow(
      /pointer: sample 1: field image: byte 77: expected a region of the allocation table/,
    );
    expect(pointer.image("image", 0).width).toBe(6);
    using mode = new BetonFile(patched("mode", (bytes) => void bytes.writeUInt8(9, record + 48)));
    expect(() => mode.image("image", 2)).toThrow(
      /sample 2: field image: expected a JPEG image \(0\) or a raw one \(1\), got 9/,
    );
    using width = new BetonFile(patched("width", (bytes) => void bytes.writeUInt16LE(7, record + 1)));
    expect(() => width.image("image", 0)).toThrow(
      /sample 0: field image: byte 2097152: expected 84 bytes for 7 × 4 pixels, got 72/,
    );
  });

  test("fields and samples that are not there", () => {
    using file = new BetonFile(fixture("images.beton"));
    expect(() => file.int("lable", 0)).toThrow(
      /expected a field lable of type int, got the fields image, label/,
    );
    expect(() => file.float("label", 0)).toThrow(/expected a field label of type float, got int/);
    expect(() => file.int("label", 5)).toThrow(/expected a sample below 5, got 5/);
    expect(() => file.int("toString", 0)).toThrow(DataError);
  });
});

describeWith(["python:ffcv"], "FFCV reads what is written here", () => {
  test("every type of field, raw and JPEG", async () => {
    const read = (path: string): { count: number; fields: string[]; rows: Record<string, unknown>[] } =>
      JSON.parse(
        execFileSync(ffcvPython, [join(fixtures, "write_beton.py"), path], {
          encoding: "utf8",
          maxBuffer: 1 << 28,
        })
          .split("\n")
          .at(-2)!,
      );
    const raw = read(await written("for-ffcv.beton", 9));
    expect(raw.count).toBe(9);
    expect(raw.fields).toEqual(Object.keys(all));
    raw.rows.forEach((row, i) => {
      expect(row.f).toEqual([i / 3]);
      if (i !== 2) expect(row.i).toEqual([0 - i]);
      expect(row.rgb).toBe(Buffer.from(image(i)).toString("base64"));
      expect(Buffer.from(row.bytes as string, "base64").subarray(0, i % 4)).toEqual(
        Buffer.from(sample(i).bytes as Uint8Array),
      );
      expect(row.array).toEqual(
        [
          [0, 1, 2],
          [3, 4, 5],
        ].map((line) => line.map((n) => n + i)),
      );
      // FFCV's reader gives JSON as the bytes that it is stored in, up to a NUL.
      const json = Buffer.from(row.json as string, "base64")
        .toString()
        .split("\0")[0]!;
      expect(JSON.parse(json)).toEqual({ i, text: "ü" });
    });
    const path = await written("for-ffcv-jpg.beton", 9, { images: "jpg" });
    const jpg = read(path);
    using file = new BetonFile(path);
    for (let i = 0; i < 9; i++) {
      const { pixels } = await decodeImage(file.image("rgb", i).data, { channels: 3 });
      const theirs = Buffer.from(jpg.rows[i]!.rgb as string, "base64");
      expect(theirs).toHaveLength(72);
      for (let p = 0; p < 72; p++) expect(Math.abs(theirs[p]! - pixels[p]!)).toBeLessThanOrEqual(3);
    }
  }, 300_000);
});
