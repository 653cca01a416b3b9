/**
 * Writing .beton files. Samples are encoded some at a time and laid down in their order, so the same samples give the
 * same bytes; the file gets its name when it is whole.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import sharp from "sharp";
import { fold, type Key, key, uniform } from "../../random/index.js";
import { temporarySuffix } from "../../support/atomic.js";
import { DataError, DiskError } from "../../support/errors.js";
import {
  alignUp,
  allocationBytes,
  arrayBytes,
  type BetonField,
  type BetonFields,
  defaultPage,
  descriptorBytes,
  encodeDescriptor,
  headerBytes,
  imageModes,
  leastPage,
  mostPage,
  recordLayout,
  version,
} from "./layout.js";

/** An image to write: RGB pixels, and the JPEG file that they come from where there is one, which is kept as it is. */
export interface BetonImage {
  /** uint8 [height, width, 3] */
  readonly pixels: () => Promise<Uint8Array>;
  readonly width: number;
  readonly height: number;
  readonly jpeg?: Uint8Array | undefined;
}

/** The value of a field: a number, an image, bytes (of arrays too), or what JSON can hold. */
export type BetonValue = number | bigint | BetonImage | Uint8Array | unknown;

/** How a .beton file is written. */
export interface BetonWriteOptions {
  /**
   * How images are stored: as pixels, as JPEG, as JPEG when the pixels are more than `threshold` bytes, or a `share`
   * of them as JPEG.
   */
  readonly images?: "raw" | "jpg" | "smart" | "proportion";
  readonly threshold?: number;
  readonly share?: number;
  /** Decides which images the share is made of. */
  readonly seed?: number;
  /** Quality of JPEG from 1 to 100. */
  readonly quality?: number;
  /** Bytes of a page: a power of two from 2 MiB on. */
  readonly pageSize?: number;
  /** Is told how many samples are written, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Samples that are encoded at a time. */
const together = 64;

interface Region {
  readonly field: string;
  readonly data: Uint8Array;
}

/**
 * Writes `count` samples.
 * @param sample the values of sample i by field
 * @throws DataError naming the sample and the field when a value does not fit; DiskError when the disk is full
 */
export async function writeBeton(
  path: string,
  fields: BetonFields,
  count: number,
  sample: (i: number) => Promise<Readonly<Record<string, BetonValue>>>,
  options: BetonWriteOptions = {},
): Promise<void> {
  const pageSize = options.pageSize ?? defaultPage;
  if (!Number.isInteger(Math.log2(pageSize)) || pageSize < leastPage || pageSize > mostPage)
    throw new DataError(
      `page size: expected a power of two from ${leastPage} to ${mostPage}, got ${pageSize}`,
    );
  const descriptors = Object.entries(fields).map(([name, field]) => encodeDescriptor(name, field));
  const { offsets, size: recordSize } = recordLayout(fields);
  const records = Buffer.alloc(count * recordSize);
  const recordsStart = headerBytes + descriptors.length * descriptorBytes;
  const temporary = `${path}.${process.pid}${temporarySuffix}`;
  mkdirSync(dirname(path), { recursive: true });
  const out = new PagedFile(temporary, alignUp(recordsStart + records.length, pageSize), pageSize);
  try {
    for (let start = 0; start < count; start += together) {
      const length = Math.min(together, count - start);
      const encoded = await Promise.all(
        Array.from({ length }, async (_, i) =>
          encodeSample(fields, await sample(start + i), start + i, options),
        ),
      );
      encoded.forEach(({ record, regions }, i) => {
        const at = (start + i) * recordSize;
        for (const [field, bytes] of record) records.set(bytes, at + offsets.get(field)!);
        const places = out.append(start + i, regions);
        regions.forEach(({ field }, r) => {
          // The pointer stands behind mode, width and height in images, and first elsewhere.
          const pointer = at + offsets.get(field)! + (fields[field]!.type === "rgb" ? 5 : 0);
          records.writeBigUInt64LE(BigInt(places[r]!), pointer);
        });
      });
      options.onProgress?.(start + length, count);
    }
    const table = out.finish();
    const header = Buffer.alloc(headerBytes);
    header.writeUInt16LE(version, 0);
    header.writeUInt16LE(descriptors.length, 2);
    header.writeUInt32LE(pageSize, 4);
    header.writeBigUInt64LE(BigInt(count), 8);
    header.writeBigUInt64LE(BigInt(table), 16);
    out.write(Buffer.concat([header, ...descriptors, records]), 0);
    out.close();
    renameSync(temporary, path);
  } catch (error) {
    out.close();
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Pages of data, filled one after the other, and the table of what lies where. */
class PagedFile {
  readonly #file: number;
  readonly #page: Uint8Array;
  readonly #table: { sample: number; place: number; size: number }[] = [];
  #pageStart: number;
  #used = 0;
  #open = true;

  constructor(
    readonly path: string,
    dataStart: number,
    pageSize: number,
  ) {
    try {
      this.#file = openSync(path, "w");
    } catch (error) {
      throw new DiskError(`file ${path}: ${(error as Error).message}`, { cause: error });
    }
    this.#page = new Uint8Array(pageSize);
    this.#pageStart = dataStart;
  }

  /** Lays down the regions of one sample, in one page, and returns their places. */
  append(sample: number, regions: readonly Region[]): number[] {
    // An empty region takes a byte, so that no two regions share a place.
    const sizes = regions.map(({ data }) => Math.max(1, data.length));
    const size = sizes.reduce((a, b) => a + b, 0);
    if (size > this.#page.length)
      throw new DataError(
        `sample ${sample}: expected data that fit into a page of ${this.#page.length} bytes, got ${size}; give a larger page size`,
      );
    if (this.#used + size > this.#page.length) this.#flush();
    return regions.map(({ data }, i) => {
      const place = this.#pageStart + this.#used;
      this.#page.set(data, this.#used);
      this.#used += sizes[i]!;
      this.#table.push({ sample, place, size: data.length });
      return place;
    });
  }

  #flush(): void {
    this.write(this.#page, this.#pageStart);
    this.#page.fill(0);
    this.#pageStart += this.#page.length;
    this.#used = 0;
  }

  /** Writes what is left and the table, and returns the table's place. */
  finish(): number {
    if (this.#used > 0) this.#flush();
    const table = Buffer.alloc(this.#table.length * allocationBytes);
    this.#table.forEach(({ sample, place, size }, i) => {
      table.writeBigUInt64LE(BigInt(sample), i * allocationBytes);
      table.writeBigUInt64LE(BigInt(place), i * allocationBytes + 8);
      table.writeBigUInt64LE(BigInt(size), i * allocationBytes + 16);
    });
    this.write(table, this.#pageStart);
    return this.#pageStart;
  }

  write(bytes: Uint8Array, start: number): void {
    try {
      let done = 0;
      while (done < bytes.length)
        done += writeSync(this.#file, bytes, done, bytes.length - done, start + done);
    } catch (error) {
      throw new DiskError(`file ${this.path}: ${(error as Error).message}`, { cause: error });
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    fsyncSync(this.#file);
    closeSync(this.#file);
  }
}

interface EncodedSample {
  /** The fixed part of each field in the record; pointers come later. */
  readonly record: readonly (readonly [string, Uint8Array])[];
  readonly regions: readonly Region[];
}

async function encodeSample(
  fields: BetonFields,
  values: Readonly<Record<string, BetonValue>>,
  i: number,
  options: BetonWriteOptions,
): Promise<EncodedSample> {
  const record: [string, Uint8Array][] = [];
  const regions: Region[] = [];
  for (const [name, field] of Object.entries(fields)) {
    try {
      const { fixed, data } = await encodeValue(
        field,
        values[name],
        fold(key(options.seed ?? 0), i),
        options,
      );
      record.push([name, fixed]);
      if (data) regions.push({ field: name, data });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(`sample ${i}: field ${name}: ${error.message}`, { cause: error });
    }
  }
  return { record, regions };
}

async function encodeValue(
  field: BetonField,
  value: BetonValue,
  sampleKey: Key,
  options: BetonWriteOptions,
): Promise<{ fixed: Uint8Array; data?: Uint8Array }> {
  switch (field.type) {
    case "float":
    case "int": {
      const fixed = Buffer.alloc(8);
      if (field.type === "float" && typeof value === "number") fixed.writeDoubleLE(value);
      else if (field.type === "int" && (typeof value === "bigint" || Number.isSafeInteger(value)))
        fixed.writeBigInt64LE(BigInt.asIntN(64, BigInt(value as number)));
      else
        throw new DataError(`expected a ${field.type === "int" ? "whole " : ""}number, got ${String(value)}`);
      return { fixed };
    }
    case "rgb":
      return encodeImage(value as BetonImage, sampleKey, options);
    case "bytes":
      return sized(expectBytes(value));
    case "json": {
      const text = JSON.stringify(value);
      if (text === undefined) throw new DataError(`expected what JSON can hold, got ${String(value)}`);
      return sized(Buffer.from(`${text}\0`));
    }
    case "ndarray": {
      const data = expectBytes(value);
      if (data.length !== arrayBytes(field))
        throw new DataError(
          `expected ${arrayBytes(field)} bytes for [${field.shape.join(", ")}] of ${field.dtype}, got ${data.length}`,
        );
      return { fixed: new Uint8Array(8), data };
    }
    case "custom":
      throw new DataError("expected a type of FFCV's own, got a custom one");
  }
}

function expectBytes(value: unknown): Uint8Array {
  if (!ArrayBuffer.isView(value)) throw new DataError(`expected bytes, got ${typeof value}`);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function sized(data: Uint8Array): { fixed: Uint8Array; data: Uint8Array } {
  const fixed = Buffer.alloc(16);
  fixed.writeBigUInt64LE(BigInt(data.length), 8);
  return { fixed, data };
}

async function encodeImage(
  image: BetonImage,
  sampleKey: Key,
  options: BetonWriteOptions,
): Promise<{ fixed: Uint8Array; data: Uint8Array }> {
  const { width, height } = image;
  if (!(width > 0 && width < 65_536 && height > 0 && height < 65_536))
    throw new DataError(`expected an image of 1 to 65535 pixels a side, got ${width} × ${height}`);
  const mode = imageMode(3 * width * height, sampleKey, options);
  const fixed = Buffer.alloc(13);
  fixed[0] = imageModes[mode];
  fixed.writeUInt16LE(width, 1);
  fixed.writeUInt16LE(height, 3);
  if (mode === "jpg" && image.jpeg) return { fixed, data: image.jpeg };
  const pixels = await image.pixels();
  if (pixels.length !== 3 * width * height)
    throw new DataError(
      `expected ${3 * width * height} bytes for ${width} × ${height} pixels, got ${pixels.length}`,
    );
  if (mode === "raw") return { fixed, data: pixels };
  const jpeg = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: options.quality ?? 90 })
    .toBuffer();
  return { fixed, data: jpeg };
}

function imageMode(
  rawBytes: number,
  sampleKey: Key,
  { images = "raw", threshold = Number.POSITIVE_INFINITY, share = 0.5 }: BetonWriteOptions,
): "raw" | "jpg" {
  switch (images) {
    case "raw":
    case "jpg":
      return images;
    case "smart":
      return rawBytes > threshold ? "jpg" : "raw";
    case "proportion":
      return uniform(sampleKey, 1)[0]! < share ? "jpg" : "raw";
  }
}
