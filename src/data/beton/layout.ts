/**
 * The layout of .beton files, version 2, the format of FFCV (Leclerc et al. 2023, arXiv 2306.12517). Little-endian:
 *
 * - header, 24 bytes: version u16, fields u16, page size u32, samples u64, place of the allocation table u64
 * - a descriptor of 1041 bytes a field: type u8, name 16 bytes, arguments 1024 bytes
 * - a record a sample: its fields, each aligned as a C compiler does it
 * - data in whole pages: all that belongs to a sample lies in one page
 * - the allocation table: sample u64, place u64, size u64 of every region of data
 */
import { DataError } from "../../support/errors.js";

export const version = 2;
export const headerBytes = 24;
export const descriptorBytes = 1041;
export const nameBytes = 16;
export const allocationBytes = 24;
/** Pages are powers of two from 2 MiB to below 4 GiB. */
export const leastPage = 2 ** 21;
export const mostPage = 2 ** 31;
export const defaultPage = 2 ** 23;

/** What a field holds. `ndarray` has a fixed shape and numpy's name of an element type, such as `<f4`. */
export type BetonField =
  | { readonly type: "float" | "int" | "rgb" | "bytes" | "json" | "custom" }
  | { readonly type: "ndarray"; readonly shape: readonly number[]; readonly dtype: string };

/** The fields of a file, by name, in the file's order. */
export type BetonFields = Readonly<Record<string, BetonField>>;

const typeIds = { float: 0, int: 1, rgb: 2, bytes: 3, ndarray: 4, json: 5, custom: 255 } as const;
/** FFCV writes torch tensors as their own type; they are laid out as arrays are. */
const torchTensor = 6;

/** How images are stored. */
export const imageModes = { jpg: 0, raw: 1 } as const;

const recordSizes = { float: 8, int: 8, rgb: 13, bytes: 16, ndarray: 8, json: 16 } as const;
/** Packed structs, which images, bytes and JSON are in a record, are not aligned. */
const alignments = { float: 8, int: 8, rgb: 1, bytes: 1, ndarray: 8, json: 1 } as const;

/** Where each field lies in a sample's record, and how long a record is. @throws DataError for a custom field */
export function recordLayout(fields: BetonFields): { offsets: ReadonlyMap<string, number>; size: number } {
  const offsets = new Map<string, number>();
  let at = 0;
  let widest = 1;
  for (const [name, { type }] of Object.entries(fields)) {
    if (type === "custom")
      throw new DataError(`field ${name}: expected a type of FFCV's own, got a custom one`);
    const alignment = alignments[type];
    widest = Math.max(widest, alignment);
    at = alignUp(at, alignment);
    offsets.set(name, at);
    at += recordSizes[type];
  }
  return { offsets, size: alignUp(at, widest) };
}

export function alignUp(at: number, step: number): number {
  return Math.ceil(at / step) * step;
}

/** Bytes of an element of numpy's type, such as 4 for `<f4`. @throws DataError when the name is none */
export function elementBytes(dtype: string): number {
  const match = /^[<>|=]?([?bBiufcSV])(\d{1,4})$/.exec(dtype);
  if (!match) throw new DataError(`element type: expected numpy's name of one, such as <f4, got ${dtype}`);
  return Number(match[2]);
}

/** Bytes of an array field. */
export function arrayBytes({ shape, dtype }: Extract<BetonField, { type: "ndarray" }>): number {
  return shape.reduce((product, length) => product * length, elementBytes(dtype));
}

const mostDimensions = 32;

/** The descriptor of a field. @throws DataError when its name is too long or its shape has too many dimensions */
export function encodeDescriptor(name: string, field: BetonField): Uint8Array {
  if (!/^[\x20-\x7e]{1,16}$/.test(name))
    throw new DataError(`field ${name}: expected a name of 1 to ${nameBytes} ASCII letters`);
  const bytes = Buffer.alloc(descriptorBytes);
  bytes[0] = typeIds[field.type];
  bytes.write(name, 1, "latin1");
  if (field.type === "ndarray") {
    const { shape, dtype } = field;
    if (
      shape.length === 0 ||
      shape.length > mostDimensions ||
      !shape.every((n) => Number.isSafeInteger(n) && n > 0)
    )
      throw new DataError(
        `field ${name}: expected 1 to ${mostDimensions} dimensions of 1 or more, got [${shape.join(", ")}]`,
      );
    elementBytes(dtype);
    const type = JSON.stringify([["", dtype]]);
    shape.forEach((length, i) => {
      bytes.writeBigUInt64LE(BigInt(length), 17 + 8 * i);
    });
    bytes.writeBigUInt64LE(BigInt(type.length), 17 + 8 * mostDimensions);
    bytes.write(type, 17 + 8 * mostDimensions + 8, "latin1");
  }
  return bytes;
}

/** A field from its descriptor. @throws DataError when it is none */
export function decodeDescriptor(bytes: Buffer): { name: string; field: BetonField } {
  const raw = bytes.subarray(1, 1 + nameBytes);
  const end = raw.indexOf(0);
  const name = raw.toString("latin1", 0, end < 0 ? nameBytes : end);
  if (!/^[\x20-\x7e]+$/.test(name))
    throw new DataError("expected a field's name in ASCII letters, got other bytes");
  const id = bytes[0]!;
  if (id === typeIds.ndarray || id === torchTensor)
    return { name, field: decodeArray(bytes.subarray(17), name) };
  const type = (["float", "int", "rgb", "bytes", "json", "custom"] as const).find(
    (known) => typeIds[known] === id,
  );
  if (type === undefined) throw new DataError(`field ${name}: expected a type from 0 to 6 or 255, got ${id}`);
  return { name, field: { type } };
}

function decodeArray(bytes: Buffer, name: string): BetonField {
  const shape = Array.from({ length: mostDimensions }, (_, i) => Number(bytes.readBigUInt64LE(8 * i)));
  while (shape.at(-1) === 0) shape.pop();
  const length = Number(bytes.readBigUInt64LE(8 * mostDimensions));
  const start = 8 * mostDimensions + 8;
  if (length > bytes.length - start)
    throw new DataError(
      `field ${name}: expected at most ${bytes.length - start} bytes of element type, got ${length}`,
    );
  const text = bytes.toString("latin1", start, start + length);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new DataError(`field ${name}: expected an element type in JSON, got ${text.slice(0, 40)}`, {
      cause: error,
    });
  }
  const dtype =
    Array.isArray(parsed) && parsed.length === 1 && Array.isArray(parsed[0])
      ? (parsed[0][1] as unknown)
      : undefined;
  if (typeof dtype !== "string")
    throw new DataError(
      `field ${name}: expected one element type such as [["", "<f4"]], got ${text.slice(0, 40)}`,
    );
  const field = { type: "ndarray", shape, dtype } as const;
  if (shape.length === 0 || shape.includes(0) || !(arrayBytes(field) <= mostPage))
    throw new DataError(`field ${name}: expected an array that fits into a page, got [${shape.join(", ")}]`);
  return field;
}
