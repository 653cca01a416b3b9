/** Sets that are larger than the memory of the process that streams or converts them. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import {
  allocationBytes,
  type BetonFields,
  descriptorBytes,
  encodeDescriptor,
  headerBytes,
  recordLayout,
  version,
} from "../../../src/data/beton/layout.js";
import { BetonFile } from "../../../src/data/beton/reader.js";
import { describeWhere } from "../../support/needs.js";
import { sparseParquet } from "../../support/sparse-parquet.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of raw images that are holes but for their first byte, which is their number: long, and small on the disk. */
function sparseBeton(path: string, count: number, side: number): void {
  const [fields, pageSize]: [BetonFields, number] = [
    { image: { type: "rgb" }, label: { type: "int" } },
    2 ** 23,
  ];
  const { offsets, size } = recordLayout(fields);
  const bytes = 3 * side * side;
  const dataStart = Math.ceil((headerBytes + 2 * descriptorBytes + count * size) / pageSize) * pageSize;
  const tableStart = dataStart + count * pageSize;
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16LE(version, 0);
  header.writeUInt16LE(2, 2);
  header.writeUInt32LE(pageSize, 4);
  header.writeBigUInt64LE(BigInt(count), 8);
  header.writeBigUInt64LE(BigInt(tableStart), 16);
  const records = Buffer.alloc(count * size);
  const table = Buffer.alloc(count * allocationBytes);
  const file = openSync(path, "w");
  ftruncateSync(file, tableStart + table.length);
  for (let i = 0; i < count; i++) {
    const place = BigInt(dataStart + i * pageSize);
    const at = i * size + offsets.get("image")!;
    records[at] = 1;
    records.writeUInt16LE(side, at + 1);
    records.writeUInt16LE(side, at + 3);
    records.writeBigUInt64LE(place, at + 5);
    [BigInt(i), place, BigInt(bytes)].forEach((value, k) => {
      table.writeBigUInt64LE(value, i * allocationBytes + 8 * k);
    });
    writeSync(file, Uint8Array.of(i % 200), 0, 1, Number(place));
  }
  const descriptors = Object.entries(fields).map(([name, field]) => encodeDescriptor(name, field));
  writeSync(file, Buffer.concat([header, ...descriptors, records]), 0, undefined, 0);
  writeSync(file, table, 0, undefined, tableStart);
  closeSync(file);
}

/** Streams in a process whose heap has 64 MB. */
function stream(kind: "beton" | "folder", path: string): { megabytes: number; wrong: number; grown: number } {
  const script = join(import.meta.dirname, "stream-large.mjs");
  const out = execFileSync(process.execPath, ["--max-old-space-size=64", script, kind, path], {
    timeout: 300_000,
  });
  return JSON.parse(out.toString()) as ReturnType<typeof stream>;
}

describeWhere(process.platform === "linux", "no /proc tells the memory", "in memory of a fixed size", () => {
  test("a .beton file of 1.2 GB", { timeout: 300_000 }, () => {
    const path = join(folder, "large.beton");
    sparseBeton(path, 160, 1600);
    const { megabytes, wrong, grown } = stream("beton", path);
    expect(megabytes).toBeGreaterThan(2 * 1150);
    expect(wrong).toBe(0);
    // Some batches of 15 MB, those that are not collected yet among them.
    expect(grown).toBeLessThan(300);
  });

  test("a folder of JPEG files that are 470 MB of pixels", { timeout: 300_000 }, async () => {
    mkdirSync(join(folder, "images/train/a"), { recursive: true });
    const files: string[] = [];
    for (let i = 0; i < 200; i++) {
      const file = join(folder, `images/train/a/${String(i).padStart(4, "0")}.jpg`);
      const background = { r: i, g: i, b: i };
      await sharp({ create: { width: 512, height: 512, channels: 3, background } })
        .jpeg()
        .toFile(file);
      files.push(file);
    }
    for (let i = 200; i < 600; i++)
      linkSync(files[i % 200]!, join(folder, `images/train/a/${String(i).padStart(4, "0")}.jpg`));
    const { megabytes, wrong, grown } = stream("folder", join(folder, "images"));
    expect(megabytes).toBeGreaterThan(2 * 440);
    expect(wrong).toBe(0);
    expect(grown).toBeLessThan(200);
  });

  test("parquet files of 1 GB are converted", { timeout: 300_000 }, async () => {
    mkdirSync(join(folder, "parquet"));
    const create = { width: 8, height: 4, channels: 3, background: "#336699" } as const;
    const image = await sharp({ create }).png().toBuffer();
    let bytes = 0;
    for (const name of ["train-0.parquet", "train-1.parquet"]) {
      const path = join(folder, "parquet", name);
      sparseParquet(path, image, 64, 16, 2 ** 19);
      bytes += statSync(path).size;
    }
    expect(bytes).toBeGreaterThan(1000 * 2 ** 20);
    const out = join(folder, "converted.beton");
    const script = join(import.meta.dirname, "convert-large.mjs");
    const args = ["--max-old-space-size=64", script, join(folder, "parquet"), out];
    const { grown } = JSON.parse(execFileSync(process.execPath, args).toString()) as { grown: number };
    // Some groups of 8 MB, those that are not collected yet among them.
    expect(grown).toBeLessThan(200);
    using file = new BetonFile(out);
    expect(file.count).toBe(2048);
    const pixels = Buffer.alloc(8 * 4 * 3, "336699", "hex");
    for (let i = 0; i < file.count; i++) {
      expect(file.int("label", i)).toBe((i % 1024) % 10);
      expect(pixels.equals(file.image("image", i).data)).toBe(true);
    }
  });
});
