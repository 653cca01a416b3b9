/**
 * The IDX format of MNIST and its kin: two zero bytes, the element type, the number of dimensions, the dimensions as
 * big-endian 32-bit numbers, the elements. Files may be gzipped. Only unsigned bytes, which images and labels are.
 */
import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { DataError, formatShape } from "../support/errors.js";

export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
  /** The whole file, unpacked; `data` is its end. */
  readonly file: Uint8Array;
}

const unsignedByte = 0x08;

/** No file is inflated beyond this, so that a corrupt one cannot fill the memory. */
const largest = 1 << 30;

/** Reads an IDX file, gzipped or not. @throws DataError naming the file when it is missing, short or corrupt */
export function readIdx(path: string): IdxArray {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new DataError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
  return decodeIdx(bytes, path);
}

/** Reads the bytes of an IDX file; `name` appears in errors. */
export function decodeIdx(bytes: Uint8Array, name = "IDX"): IdxArray {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? inflate(bytes, name) : bytes;
  if (plain.length < 4 || plain[0] !== 0 || plain[1] !== 0)
    throw new DataError(`${name}: expected an IDX file (two zero bytes, type, dimensions), got other bytes`);
  if (plain[2] !== unsignedByte)
    throw new DataError(`${name}: expected unsigned bytes (type 8), got type ${plain[2]}`);
  const rank = plain[3]!;
  const start = 4 + 4 * rank;
  if (rank === 0 || plain.length < start)
    throw new DataError(
      `${name}: expected ${rank || "1 or more"} dimensions, got a file of ${plain.length} bytes`,
    );
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, length) => product * length, 1);
  if (plain.length - start !== size)
    throw new DataError(
      `${name}: expected ${size} bytes for ${formatShape(shape)}, got ${plain.length - start}`,
    );
  return { shape, data: plain.subarray(start), file: plain };
}

function inflate(bytes: Uint8Array, name: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: largest });
  } catch (error) {
    throw new DataError(`${name}: expected gzip data, got ${(error as Error).message}`, { cause: error });
  }
}

/** The bytes of a gzipped IDX file; the same input gives the same bytes. */
export function encodeIdx({ shape, data }: Pick<IdxArray, "shape" | "data">): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, unsignedByte, shape.length]);
  shape.forEach((length, i) => {
    header.writeUInt32BE(length, 4 + 4 * i);
  });
  return gzipSync(Buffer.concat([header, data]), { level: 9 });
}
