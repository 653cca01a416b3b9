/**
 * Parquet files that are long and yet small on the disk: plain, not compressed, and every image is an encoded one that is
 * followed by a hole. The format's structs are written in Thrift's compact protocol, as far as it is needed here.
 */
import { closeSync, openSync, writeSync } from "node:fs";

/** A value with its type in the protocol. */
type Value = readonly [type: number, bytes: Buffer];

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}

const i32 = (value: number): Value => [5, varint(2 * value)];
const i64 = (value: number): Value => [6, varint(2 * value)];
const text = (value: string): Value => [8, Buffer.concat([varint(value.length), Buffer.from(value)])];
const list = (values: readonly Value[]): Value => [
  9,
  Buffer.concat([
    Buffer.of(0xf0 | values[0]![0]),
    varint(values.length),
    ...values.map(([, bytes]) => bytes),
  ]),
];
/** A struct, its fields by their numbers, in order. */
function struct(fields: Readonly<Record<number, Value>>): Value {
  const parts: Buffer[] = [];
  let last = 0;
  for (const [key, [type, bytes]] of Object.entries(fields)) {
    parts.push(Buffer.of(((Number(key) - last) << 4) | type), bytes);
    last = Number(key);
  }
  return [12, Buffer.concat([...parts, Buffer.of(0)])];
}

const [int32, byteArray] = [1, 6];

function pageHeader(rows: number, size: number): Buffer {
  const data = struct({ 1: i32(rows), 2: i32(0), 3: i32(3), 4: i32(3) });
  return struct({ 1: i32(0), 2: i32(size), 3: i32(size), 5: data })[1];
}

function chunk(name: string, type: number, rows: number, offset: number, size: number): Value {
  const metadata = struct({
    1: i32(type),
    2: list([i32(0)]),
    3: list([text(name)]),
    4: i32(0),
    5: i64(rows),
    6: i64(size),
    7: i64(size),
    9: i64(offset),
  });
  return struct({ 2: i64(offset), 3: metadata });
}

/**
 * Writes groups of rows, each of `rows` images that take `bytes` bytes; row n of the file has class n modulo 10.
 * @param image one encoded image, whose format allows that something follows
 */
export function sparseParquet(
  path: string,
  image: Buffer,
  groups: number,
  rows: number,
  bytes: number,
): void {
  const file = openSync(path, "w");
  writeSync(file, "PAR1");
  let end = 4;
  const append = (part: Buffer): void => {
    end += writeSync(file, part, 0, part.length, end);
  };
  const rowGroups: Value[] = [];
  for (let group = 0; group < groups; group++) {
    const imagesAt = end;
    append(pageHeader(rows, rows * (4 + bytes)));
    for (let row = 0; row < rows; row++) {
      const next = end + 4 + bytes;
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes);
      append(Buffer.concat([length, image]));
      end = next;
    }
    const labelsAt = end;
    const labels = Buffer.alloc(4 * rows);
    for (let row = 0; row < rows; row++) labels.writeInt32LE((group * rows + row) % 10, 4 * row);
    append(Buffer.concat([pageHeader(rows, labels.length), labels]));
    const columns = [
      chunk("image", byteArray, rows, imagesAt, labelsAt - imagesAt),
      chunk("label", int32, rows, labelsAt, end - labelsAt),
    ];
    rowGroups.push(struct({ 1: list(columns), 2: i64(end - imagesAt), 3: i64(rows) }));
  }
  const schema = [
    struct({ 4: text("schema"), 5: i32(2) }),
    struct({ 1: i32(byteArray), 3: i32(0), 4: text("image") }),
    struct({ 1: i32(int32), 3: i32(0), 4: text("label") }),
  ];
  const metadata = struct({ 1: i32(1), 2: list(schema), 3: i64(groups * rows), 4: list(rowGroups) })[1];
  const tail = Buffer.from("\0\0\0\0PAR1");
  tail.writeUInt32LE(metadata.length);
  append(Buffer.concat([metadata, tail]));
  closeSync(file);
}
