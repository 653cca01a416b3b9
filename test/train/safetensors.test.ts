/** Safetensors: the same bytes as the Python writer, the same values as it wrote, and typed errors for broken files. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { DataError } from "../../src/support/errors.js";
import {
  decodeSafeTensors,
  encodeSafeTensors,
  halfToNumber,
  readSafeTensors,
  writeSafeTensors,
} from "../../src/train/safetensors.js";

const fixtures = join(import.meta.dirname, "fixtures");
const folder = mkdtempSync(join(tmpdir(), "jessl-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

const tensors: Record<string, HostTensor> = {
  "z.bytes": hostTensor(Uint8Array.of(0, 1, 255), [3]),
  "params.encoder.kernel": hostTensor(
    Float32Array.from({ length: 12 }, (_, i) => Math.fround(i) / Math.fround(7)),
    [3, 2, 2],
  ),
  "10": hostTensor(Int32Array.of(-1, 2147483647), [2]),
  "2": hostTensor(Float32Array.of(3.5), [1]),
  flags: hostTensor(Uint8Array.of(1, 0, 1), [3], "bool"),
  empty: hostTensor(new Float32Array(0), [0, 2]),
  scalar: hostTensor(Float32Array.of(-2.5), []),
};
const metadata = { ä: '"quoted"\n' };
const encoded = Buffer.concat(encodeSafeTensors(tensors, metadata));

describe("the Python implementation", () => {
  test("writes the same bytes", () => {
    expect(encoded.equals(readFileSync(join(fixtures, "same-bytes.safetensors")))).toBe(true);
  });

  test("its narrow and wide types are converted", () => {
    const read = readSafeTensors(join(fixtures, "converted.safetensors")).tensors;
    expect([...read.get("half")!.data]).toEqual([
      1,
      -2.5,
      65504,
      2 ** -24,
      Number.POSITIVE_INFINITY,
      0.0999755859375,
    ]);
    expect([...read.get("double")!.data]).toEqual([Math.fround(1 / 3), Math.fround(1e30)]);
    expect([...read.get("short")!.data]).toEqual([-32768, 7]);
    expect([...read.get("tiny")!.data]).toEqual([-128, 127]);
    expect(read.get("long")).toEqual(hostTensor(Int32Array.of(-5, 123456789), [1, 2]));
  });
});

test("what is written is read back", () => {
  const path = join(folder, "new/folder/x.safetensors");
  writeSafeTensors(path, tensors, metadata);
  const read = readSafeTensors(path);
  expect(read.metadata).toEqual(metadata);
  expect(Object.fromEntries(read.tensors)).toEqual(tensors);
});

test("half precision: every pattern but NaN equals its definition", () => {
  const reference = new DataView(new ArrayBuffer(4));
  for (let bits = 0; bits < 0x10000; bits++) {
    const exponent = (bits >> 10) & 31;
    if (exponent === 0) continue;
    // A normal half is a float with the exponent moved by 127 - 15; infinity and NaN keep all ones.
    const wide = exponent === 31 ? 255 : exponent + 112;
    reference.setUint32(0, (((bits & 0x8000) << 16) | (wide << 23) | ((bits & 0x3ff) << 13)) >>> 0);
    expect(halfToNumber(bits)).toBe(reference.getFloat32(0));
  }
  expect(halfToNumber(0x8001)).toBe(-(2 ** -24));
});

describe("broken files", () => {
  const withHeader = (header: string, data: number[] = []): Uint8Array => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
    return Buffer.concat([length, Buffer.from(header), Buffer.from(data)]);
  };
  test.each([
    ["no bytes", new Uint8Array(0), /8 bytes or more, got 0/],
    ["a huge header", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x7f), /header of at most/],
    [
      "a short header",
      Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 1),
      /header of 9 bytes, got 1; is the file cut short/,
    ],
    ["a header that is no JSON", withHeader("{"), /expected a JSON header/],
    ["a header that is a list", withHeader("[]"), /JSON object/],
    ["numbers as metadata", withHeader('{"__metadata__":{"a":1}}'), /metadata: expected texts/],
    [
      "an entry without range",
      withHeader('{"a":{"dtype":"F32","shape":[1]}}'),
      /tensor a: expected dtype, shape/,
    ],
    [
      "an unknown type",
      withHeader('{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}', [1]),
      /tensor a: unknown element type F8/,
    ],
    [
      "a range of the wrong size",
      withHeader('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
      /tensor a: expected 8 bytes for \[2\], got 4/,
    ],
    [
      "data cut short",
      withHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', [0, 0]),
      /tensor a: expected bytes 0 to 4, got a file with 2/,
    ],
    [
      "a gap",
      withHeader('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', [0, 0]),
      /from byte 0, got 1/,
    ],
    ["bytes left over", withHeader("{}", [1]), /expected 0 bytes of data, got 1/],
    [
      "an integer too large",
      withHeader('{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', [0, 0, 0, 0, 1, 0, 0, 0]),
      /tensor a: 4294967296 does not fit/,
    ],
  ])("%s", (_, bytes, message) => {
    expect(() => decodeSafeTensors(bytes, "x")).toThrow(message);
    expect(() => decodeSafeTensors(bytes, "x")).toThrow(DataError);
  });

  test("a missing file is named", () => {
    expect(() => readSafeTensors(join(folder, "none.safetensors"))).toThrow(/none\.safetensors: ENOENT/);
  });

  test("10,000 mutated files: a typed error or tensors whose data fit their shapes", () => {
    let errors = 0;
    const mutation = fc.oneof(
      fc.record({ at: fc.nat(encoded.length - 1), value: fc.nat(255) }),
      fc.record({ cut: fc.nat(encoded.length) }),
      fc.record({ insert: fc.nat(encoded.length), value: fc.nat(255) }),
    );
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let bytes: Uint8Array = Uint8Array.from(encoded);
        for (const change of mutations) {
          if ("cut" in change) bytes = bytes.slice(0, change.cut);
          else if ("at" in change) bytes[change.at] = change.value;
          else
            bytes = Buffer.concat([
              bytes.slice(0, change.insert),
              Buffer.of(change.value),
              bytes.slice(change.insert),
            ]);
        }
        try {
          for (const { data, shape } of decodeSafeTensors(bytes).tensors.values())
            expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          errors++;
        }
      }),
      { numRuns: 10_000, seed: 1 },
    );
    expect(errors).toBeGreaterThan(1000);
  });
});
