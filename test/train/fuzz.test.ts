/** 10,000 mutated files for the parsers of weights, checkpoints and configurations: a typed error or a right result. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterAll, expect, test, vi } from "vitest";
import { hostTensor, sizeOf } from "../../src/engine/host.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { readCheckpoint, saveCheckpoint } from "../../src/train/checkpoint.js";
import { readConfig } from "../../src/train/config/parse.js";
import { decodeNpz } from "../../src/train/npz.js";
import { decodeSafeTensors, encodeSafeTensors } from "../../src/train/safetensors.js";
import { floats, ints } from "../support/data.js";
import { below, fuzz, mutate, slowCases } from "../support/fuzz.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-fuzz-"));
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A .npy file of numpy's format 1. */
function npy(type: string, shape: string, data: Uint8Array): Buffer {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape}), }`;
  const header = Buffer.from(`${text.padEnd(117, " ")}\n`, "latin1");
  const start = Buffer.from("\x93NUMPY\x01\x00\x00\x00", "latin1");
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, header, data]);
}

/** A ZIP archive; members are deflated where that is asked for. */
function zip(members: Readonly<Record<string, { bytes: Buffer; deflated: boolean }>>): Buffer {
  const [locals, centrals]: [Buffer[], Buffer[]] = [[], []];
  let place = 0;
  for (const [name, { bytes, deflated }] of Object.entries(members)) {
    const data = deflated ? deflateRawSync(bytes) : bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflated ? 8 : 0, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const central = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, Buffer.alloc(14)]);
    central.writeUInt32LE(place, 42);
    centrals.push(central, Buffer.from(name));
    locals.push(Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), data);
    place += 4 + common.length + name.length + data.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(centrals.length / 2, 8);
  end.writeUInt16LE(centrals.length / 2, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(place, 16);
  return Buffer.concat([...locals, directory, end]);
}

test("npz", async () => {
  const bytesOf = (values: Float32Array | BigInt64Array): Buffer =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const file = zip({
    "weight.npy": { bytes: npy("<f4", "2, 3", bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6))), deflated: false },
    "count.npy": { bytes: npy("<i8", "", bytesOf(BigInt64Array.of(7n))), deflated: true },
  });
  const whole = decodeNpz(file);
  expect(whole.get("weight")).toEqual(hostTensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]));
  expect(whole.get("count")).toEqual(hostTensor(Int32Array.of(7), []));
  const large = zip({
    "count.npy": { bytes: npy("<i8", "", bytesOf(BigInt64Array.of(2n ** 40n))), deflated: false },
  });
  expect(() => decodeNpz(large)).toThrow("npz: member count.npy: 1099511627776 does not fit into int32");
  await fuzz(
    1,
    (next) => {
      for (const { shape, data } of decodeNpz(mutate(file, next)).values())
        expect(data.length).toBe(sizeOf(shape));
    },
    undefined,
    DataError,
  );
});

test("safetensors", async () => {
  const tensors = { a: floats([2, 3]), b: ints([4]), c: floats([]) };
  const file = Buffer.concat(encodeSafeTensors(tensors, { made: "here" }));
  const header = 8 + Number(file.readBigUInt64LE());
  await fuzz(
    2,
    (next) => {
      // What stands in the header decides; of the data any byte is right.
      const mutated = next() < 0.9 ? mutate(file, next, 0, header) : mutate(file, next);
      for (const { shape, data } of decodeSafeTensors(mutated).tensors.values())
        expect(data.length).toBe(sizeOf(shape));
    },
    undefined,
    DataError,
  );
});

test("checkpoints", async () => {
  const info = { step: 12, epoch: 3, seed: 1, config: "{}" };
  const file = readFileSync(saveCheckpoint(folder, { weights: floats([3]) }, info));
  const path = join(folder, "mutated.safetensors");
  const header = 8 + Number(file.readBigUInt64LE());
  await fuzz(
    3,
    (next) => {
      writeFileSync(path, mutate(file, next, 0, header));
      const { step, epoch, seed, tensors } = readCheckpoint(path);
      for (const number of [step, epoch, seed]) expect(Number.isSafeInteger(number)).toBe(true);
      for (const { shape, data } of tensors.values()) expect(data.length).toBe(sizeOf(shape));
    },
    slowCases,
    DataError,
  );
}, 300_000);

test("configurations, and their overrides", async () => {
  const text = `# a comment
seed: 3
data: { name: scenes, level: medium, count: 100 }
method: { name: simclr, temperature: 0.2 }
views:
  count: 2
  pipelines:
    - - { name: randomResizedCrop, scale: [0.2, 1] }
      - { name: gaussianNoise, sigma: &sigma [0, 0.2] }
      - { name: gaussianNoise, sigma: *sigma }
optimiser: { name: adamw, lr: 1e-3 }
`;
  const file = Buffer.from(text);
  const path = join(folder, "mutated.yaml");
  const overrides = ["views.count=2", "optimiser.lr=0.01", "data.count=50", "method.temperature=1"];
  // YAML warns of what it reads nevertheless, thousands of times here.
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  writeFileSync(path, file);
  expect(readConfig(path, overrides).seed).toBe(3);
  await fuzz(
    4,
    (next) => {
      writeFileSync(path, mutate(file, next));
      const override = Buffer.from(overrides[below(next, overrides.length)]!);
      const { seed, epochs } = readConfig(
        path,
        next() < 0.5 ? [] : [Buffer.from(mutate(override, next)).toString()],
      );
      for (const number of [seed, epochs]) expect(Number.isFinite(number)).toBe(true);
    },
    slowCases,
    ConfigError,
  );
}, 300_000);
