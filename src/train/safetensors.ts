/**
 * The safetensors format: eight bytes with the length of a JSON header, the header (name → element type, shape and
 * range of bytes, and a map of texts as metadata), then the data, little-endian and without gaps. Checkpoints and
 * exported encoders use it because it is simple, opens in Python, and runs no code when it is read.
 * Source: https://github.com/huggingface/safetensors, "Format".
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type HostTensor, hostTensor, sizeOf } from "../engine/host.js";
import { writeFileAtomic } from "../support/atomic.js";
import { DataError, formatShape } from "../support/errors.js";

/** Tensors by name. */
export type NamedTensors = ReadonlyMap<string, HostTensor> | Readonly<Record<string, HostTensor>>;

function isMap(tensors: NamedTensors): tensors is ReadonlyMap<string, HostTensor> {
  return tensors instanceof Map;
}

/** What a file holds. */
export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes an element, for the types that can be read. */
const elementBytes: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

const typeNames = { float32: "F32", int32: "I32", uint8: "U8", bool: "BOOL" } as const;

/** The format's own limit on the header, 100 MB. */
const headerLimit = 100_000_000;

const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});

// The data of the platforms that Node runs on are little-endian; should one be not, say so instead of writing nonsense.
function requireLittleEndian(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1)
    throw new DataError("safetensors: expected a little-endian machine");
}

/**
 * The runs of bytes that make the file, in order. Tensors are sorted by element type, the widest first, and then by
 * name, as the Python writer sorts them, so that both write the same bytes.
 */
export function encodeSafeTensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  requireLittleEndian();
  const entries: [string, HostTensor][] = isMap(tensors) ? [...tensors] : Object.entries(tensors);
  const rank = (tensor: HostTensor): number => ["float32", "int32", "uint8", "bool"].indexOf(tensor.dtype);
  const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  entries.sort((a, b) => rank(a[1]) - rank(b[1]) || bytewise(a[0], b[0]));
  // Assembled as text: an object would move names that look like numbers to its front.
  const fields: string[] = [];
  const texts = Object.entries(metadata).sort((a, b) => bytewise(a[0], b[0]));
  if (texts.length > 0)
    fields.push(
      `"__metadata__":{${texts.map((text) => text.map((t) => JSON.stringify(t)).join(":")).join(",")}}`,
    );
  let offset = 0;
  for (const [name, { dtype, shape }] of entries) {
    if (name === "__metadata__") throw new DataError(`safetensors: the name ${name} is reserved`);
    const end = offset + sizeOf(shape) * elementBytes[typeNames[dtype]]!;
    const entry = { dtype: typeNames[dtype], shape, data_offsets: [offset, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset = end;
  }
  const json = Buffer.from(`{${fields.join(",")}}`);
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, 0x20);
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return [
    header,
    ...entries.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

/**
 * Writes tensors to a safetensors file, atomically.
 * @param metadata texts by name; the format allows nothing else
 */
export function writeSafeTensors(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): void {
  writeFileAtomic(path, encodeSafeTensors(tensors, metadata));
}

/**
 * Reads a safetensors file. Element types that host tensors lack are converted: F16, BF16 and F64 to float32, I8 and
 * I16 to int32, I64 to int32 where every value fits.
 * @throws DataError when the file is missing, short, corrupt, or holds an element type that cannot be converted
 */
export function readSafeTensors(path: string): SafeTensors {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new DataError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
  return decodeSafeTensors(bytes, path);
}

/** Reads the bytes of a safetensors file; `name` appears in errors. See {@link readSafeTensors}. */
export function decodeSafeTensors(bytes: Uint8Array, name = "safetensors"): SafeTensors {
  requireLittleEndian();
  const fail = (message: string): never => {
    throw new DataError(`${name}: ${message}`);
  };
  if (bytes.byteLength < 8) fail(`expected a safetensors file of 8 bytes or more, got ${bytes.byteLength}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > headerLimit)
    fail(`expected a header of at most ${headerLimit} bytes, got ${headerLength}`);
  if (8 + headerLength > bytes.byteLength)
    fail(`expected a header of ${headerLength} bytes, got ${bytes.byteLength - 8}; is the file cut short?`);
  const { entries, metadata } = parseHeader(bytes.subarray(8, 8 + headerLength), fail);

  const data = bytes.subarray(8 + headerLength);
  const tensors = new Map<string, HostTensor>();
  for (const [key, entry] of entries) {
    const bytesEach = elementBytes[entry.dtype];
    if (bytesEach === undefined) fail(`tensor ${key}: unknown element type ${entry.dtype}`);
    const [begin, end] = entry.data_offsets;
    const expected = sizeOf(entry.shape) * bytesEach!;
    if (end - begin !== expected)
      fail(`tensor ${key}: expected ${expected} bytes for ${formatShape(entry.shape)}, got ${end - begin}`);
    if (end > data.byteLength)
      fail(
        `tensor ${key}: expected bytes ${begin} to ${end}, got a file with ${data.byteLength}; is it cut short?`,
      );
    tensors.set(
      key,
      decodeTensor(key, entry.dtype, entry.shape, new Uint8Array(data.subarray(begin, end)), fail),
    );
  }
  checkContiguous(entries, data.byteLength, fail);
  return { tensors, metadata };
}

type Fail = (message: string) => never;
type Entry = z.infer<typeof entrySchema>;

function parseHeader(
  bytes: Uint8Array,
  fail: Fail,
): { entries: [string, Entry][]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    fail(`expected a JSON header, got ${(error as Error).message}`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    fail("expected a JSON object as header");
  const entries: [string, Entry][] = [];
  let metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(header as object)) {
    if (key === "__metadata__") {
      const parsed = z.record(z.string(), z.string()).safeParse(value);
      if (!parsed.success) fail("metadata: expected texts only");
      metadata = parsed.data!;
      continue;
    }
    const parsed = entrySchema.safeParse(value);
    if (!parsed.success)
      fail(
        `tensor ${key}: expected dtype, shape and data_offsets, got ${JSON.stringify(value)?.slice(0, 100)}`,
      );
    entries.push([key, parsed.data!]);
  }
  return { entries, metadata };
}

/** The ranges must cover the data without gap or overlap. */
function checkContiguous(entries: readonly [string, Entry][], total: number, fail: Fail): void {
  let at = 0;
  const ranges = entries.map(([key, entry]) => ({
    key,
    begin: entry.data_offsets[0],
    end: entry.data_offsets[1],
  }));
  for (const { key, begin, end } of ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) fail(`tensor ${key}: expected data from byte ${at}, got ${begin}`);
    at = end;
  }
  if (at !== total) fail(`expected ${at} bytes of data, got ${total}`);
}

/** `bytes` must be a copy of its own (not a Buffer's slice, which shares memory), so that views on it are aligned. */
function decodeTensor(
  key: string,
  dtype: string,
  shape: readonly number[],
  bytes: Uint8Array,
  fail: Fail,
): HostTensor {
  const buffer = bytes.buffer as ArrayBuffer;
  switch (dtype) {
    case "F32":
      return hostTensor(new Float32Array(buffer), shape);
    case "F64":
      return hostTensor(Float32Array.from(new Float64Array(buffer)), shape);
    case "F16":
      return hostTensor(Float32Array.from(new Uint16Array(buffer), halfToNumber), shape);
    case "BF16": {
      const wide = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
      return hostTensor(new Float32Array(wide.buffer), shape);
    }
    case "I32":
      return hostTensor(new Int32Array(buffer), shape);
    case "I16":
      return hostTensor(Int32Array.from(new Int16Array(buffer)), shape);
    case "I8":
      return hostTensor(Int32Array.from(new Int8Array(buffer)), shape);
    case "I64": {
      const wide = new BigInt64Array(buffer);
      return hostTensor(
        narrowed(wide, (message) => fail(`tensor ${key}: ${message}`)),
        shape,
      );
    }
    case "BOOL":
      if (bytes.some((value) => value > 1)) fail(`tensor ${key}: expected booleans of 0 and 1`);
      return hostTensor(bytes, shape, "bool");
    default:
      return hostTensor(bytes, shape);
  }
}

/** As int32; `fail` is told of a number that does not fit. */
export function narrowed(wide: BigInt64Array, fail: Fail): Int32Array<ArrayBuffer> {
  const narrow = Int32Array.from(wide, Number);
  for (let i = 0; i < wide.length; i++)
    if (BigInt(narrow[i]!) !== wide[i]) fail(`${wide[i]} does not fit into int32`);
  return narrow;
}

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
