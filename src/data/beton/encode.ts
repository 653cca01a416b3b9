/**
 * The values of one sample as the bytes that a .beton file holds: the fixed part of each field, which stands in the
 * sample's record, and the regions that its pointers lead to.
 */
import sharp from "sharp";
import { fold, type Key, key, uniform } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import { arrayBytes, type BetonField, type BetonFields, imageModes } from "./layout.js";

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

/** How images are stored. */
export interface BetonImageOptions {
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
}

interface Region {
  readonly field: string;
  readonly data: Uint8Array;
}

interface EncodedSample {
  /** The fixed part of each field in the record; pointers come later. */
  readonly record: readonly (readonly [string, Uint8Array])[];
  readonly regions: readonly Region[];
}

/** The bytes of sample i. @throws DataError naming the sample and the field when a value does not fit */
export async function encodeSample(
  fields: BetonFields,
  values: Readonly<Record<string, BetonValue>>,
  i: number,
  options: BetonImageOptions,
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
  options: BetonImageOptions,
): Promise<{ fixed: Uint8Array; data?: Uint8Array }> {
  switch (field.type) {
    case "float":
    case "int": {
      const fixed = Buffer.alloc(8);
      if (field.type === "float" && typeof value === "number") fixed.writeDoubleLE(value);
      else if (field.type === "int" && (typeof value === "bigint" || Number.isSafeInteger(value))) {
        if (BigInt.asIntN(64, BigInt(value as number)) !== BigInt(value as number))
          throw new DataError(`expected a whole number of 64 bits, got ${value}`);
        fixed.writeBigInt64LE(BigInt(value as number));
      } else
        throw new DataError(`expected a ${field.type === "int" ? "whole " : ""}number, got ${String(value)}`);
      return { fixed };
    }
    case "rgb":
      return encodeImage(value as BetonImage | undefined, sampleKey, options);
    case "bytes":
      return sized(expectBytes(value));
    case "json": {
      return sized(Buffer.from(`${toJson(value)}\0`));
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

function toJson(value: unknown): string {
  let reason = "";
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (error) {
    reason = `: ${(error as Error).message}`; // a bigint, or what holds itself
  }
  throw new DataError(`expected what JSON can hold, got ${String(value)}${reason}`);
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
  image: BetonImage | undefined,
  sampleKey: Key,
  options: BetonImageOptions,
): Promise<{ fixed: Uint8Array; data: Uint8Array }> {
  if (typeof image?.pixels !== "function") throw new DataError(`expected an image, got ${String(image)}`);
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
  { images = "raw", threshold = Number.POSITIVE_INFINITY, share = 0.5 }: BetonImageOptions,
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
