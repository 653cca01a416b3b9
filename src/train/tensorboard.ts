/**
 * Scalars for TensorBoard. An event file is a row of TFRecords (length, its checksum, data, its checksum), each with an
 * Event message in protobuf's wire format; scalars need five of its fields, so they are written here by hand.
 * Sources: tensorflow/core/lib/io/record_writer.cc (framing, masked CRC-32C), tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto (field numbers).
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli), as in RFC 3720. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum as TFRecords store it: rotated right by 15 bits, plus a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One TFRecord around `data`. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(12 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

function field(number: number, type: keyof typeof wire, content: Iterable<number>): number[] {
  const bytes = [...content];
  const length = type === "bytes" ? varint(bytes.length) : [];
  return [(number << 3) | wire[type], ...length, ...bytes];
}

function bytesOf(array: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer);
}

/** Event.wall_time = 1, Event.step = 2, which is left out when it is 0, as protobuf does. */
function eventHead(seconds: number, step: number): number[] {
  const time = field(1, "fixed64", bytesOf(Float64Array.of(seconds)));
  return step === 0 ? time : [...time, ...field(2, "varint", varint(step))];
}

/** The Event that opens every file: Event.file_version = 3. */
export function versionEvent(seconds: number): Uint8Array {
  return Uint8Array.from([
    ...eventHead(seconds, 0),
    ...field(3, "bytes", new TextEncoder().encode("brain.Event:2")),
  ]);
}

/** An Event whose Summary (5) has one Value (1) a scalar, of tag (1) and simple_value (2). */
export function scalarEvent(
  seconds: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    field(1, "bytes", [
      ...field(1, "bytes", new TextEncoder().encode(tag)),
      ...field(2, "fixed32", bytesOf(Float32Array.of(value))),
    ]),
  );
  return Uint8Array.from([...eventHead(seconds, step), ...field(5, "bytes", values)]);
}

/** An Event with SessionLog (7) of status (1) START: TensorBoard then drops what it had from this step on. */
export function startEvent(seconds: number, step: number): Uint8Array {
  return Uint8Array.from([...eventHead(seconds, step), ...field(7, "bytes", field(1, "varint", varint(1)))]);
}

/** Files that this process wrote: a part of their names, as TensorBoard has it. */
let written = 0;

/** Writes scalars to a new event file in `folder`, which TensorBoard's `--logdir` may name. */
export class EventWriter {
  readonly path: string;

  /** @param done the steps, counted from 1, that earlier files hold, when a run goes on */
  constructor(folder: string, now: number = Date.now() / 1000, done = 0) {
    mkdirSync(folder, { recursive: true });
    this.path = join(
      folder,
      `events.out.tfevents.${Math.floor(now)}.${hostname()}.${process.pid}.${written++}`,
    );
    appendFileSync(this.path, tfRecord(versionEvent(now)));
    if (done > 0) appendFileSync(this.path, tfRecord(startEvent(now, done + 1)));
  }

  write(step: number, scalars: Readonly<Record<string, number>>, now: number = Date.now() / 1000): void {
    appendFileSync(this.path, tfRecord(scalarEvent(now, step, scalars)));
  }
}
