/**
 * NumPy's .npz files, read: a ZIP archive of .npy files, one a tensor. Stored and deflated members, without encryption
 * and below 4 GB, as `numpy.savez` and `numpy.savez_compressed` write them.
 * Sources: the .npy format (numpy.lib.format, versions 1 to 3) and PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { type HostTensor, hostTensor, sizeOf } from "../engine/host.js";
import { DataError } from "../support/errors.js";
import { narrowed } from "./safetensors.js";

/** No member may be larger when unpacked: 2 GB. */
const memberLimit = 2 ** 31;

/** The tensors of a file by name. @throws DataError when it is missing, corrupt, or holds what cannot be read */
export function readNpz(path: string): Map<string, HostTensor> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new DataError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
  return decodeNpz(bytes, path);
}

/** Reads the bytes of an .npz file; `name` appears in errors. */
export function decodeNpz(bytes: Uint8Array, name = "npz"): Map<string, HostTensor> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const tensors = new Map<string, HostTensor>();
    for (const { file, data } of members(buffer))
      if (file.endsWith(".npy")) tensors.set(file.slice(0, -4), decodeNpy(data, file));
    return tensors;
  } catch (error) {
    if (error instanceof DataError) throw new DataError(`${name}: ${error.message}`, { cause: error });
    // A read beyond the end, or data that do not inflate.
    throw new DataError(`${name}: corrupt: ${(error as Error).message}`, { cause: error });
  }
}

function* members(zip: Buffer): Generator<{ file: string; data: Buffer }> {
  // The end record is 22 bytes and a comment of at most 65,535.
  const from = Math.max(0, zip.length - 22 - 0xffff);
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < from || end + 22 > zip.length) throw new DataError("expected a ZIP archive, found no end record");
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff) throw new DataError("expected a ZIP archive below 4 GB");
  for (let i = 0; i < count; i++) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new DataError(`member ${i}: expected a central record`);
    const [flags, method] = [zip.readUInt16LE(at + 8), zip.readUInt16LE(at + 10)];
    const [packed, size] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const file = zip.toString("utf8", at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    if (zip.readUInt32LE(local) !== 0x04034b50)
      throw new DataError(`member ${file}: expected a local record`);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    if (flags & 1) throw new DataError(`member ${file}: expected no encryption`);
    if (size >= memberLimit || start + packed > zip.length)
      throw new DataError(
        `member ${file}: expected ${packed} bytes at ${start}, got a file of ${zip.length}`,
      );
    const raw = zip.subarray(start, start + packed);
    if (method !== 0 && method !== 8)
      throw new DataError(`member ${file}: expected it stored or deflated, got method ${method}`);
    const data = method === 0 ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(1, size) });
    if (data.length !== size)
      throw new DataError(`member ${file}: expected ${size} bytes, got ${data.length}`);
    yield { file, data };
    at += 46 + nameLength + extra + comment;
  }
}

/** One array: magic, version, the length of a header that is a Python dictionary, the elements. */
function decodeNpy(bytes: Buffer, name: string): HostTensor {
  const fail = (message: string): never => {
    throw new DataError(`member ${name}: ${message}`);
  };
  if (bytes.length < 12 || bytes.toString("latin1", 0, 6) !== "\x93NUMPY") fail("expected the .npy format");
  const wide = bytes[6]! >= 2;
  const begin = wide ? 12 : 10;
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", begin, begin + length);
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? fail("expected an element type in the header");
  const dimensions = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? fail("expected a shape in the header");
  const fortran = /'fortran_order':\s*True/.test(header);
  const shape = dimensions.split(",").flatMap((part) => (part.trim() === "" ? [] : [Number(part)]));
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 0)) fail(`unknown shape (${dimensions})`);
  if (fortran && shape.filter((side) => side > 1).length > 1) fail("expected C order, got Fortran order");
  const bytesEach = Number(type.slice(2));
  const body = bytes.subarray(begin + length);
  const count = sizeOf(shape);
  if (body.length !== count * bytesEach)
    fail(`expected ${count * bytesEach} bytes of elements, got ${body.length}`);
  // A copy of its own, so that views on it are aligned.
  const { buffer } = new Uint8Array(body);
  switch (type) {
    case "<f4":
      return hostTensor(new Float32Array(buffer), shape);
    case "<f8":
      return hostTensor(Float32Array.from(new Float64Array(buffer)), shape);
    case "<i4":
      return hostTensor(new Int32Array(buffer), shape);
    case "<i8":
      return hostTensor(narrowed(new BigInt64Array(buffer), fail), shape);
    case "|u1":
      return hostTensor(new Uint8Array(buffer), shape);
    default:
      return fail(`unknown element type ${type}`);
  }
}
