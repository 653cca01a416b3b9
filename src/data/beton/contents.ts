/**
 * What a .beton file says of itself: the header, the fields, the samples' records and the allocation table. They are read
 * once, when the file is opened, and every number of theirs is checked against the file's length or the format's limits.
 */
import type { FileBytes } from "./file-bytes.js";
import {
  allocationBytes,
  type BetonField,
  type BetonFields,
  decodeDescriptor,
  descriptorBytes,
  headerBytes,
  mostPage,
  recordLayout,
  version,
} from "./layout.js";
import { Regions } from "./regions.js";

/** The contents of a file but for its pages. */
export interface BetonContents {
  readonly fields: BetonFields;
  /** Samples. */
  readonly count: number;
  readonly pageSize: number;
  /** Where a field lies in a record, in bytes. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly recordSize: number;
  /** The records of all samples, one after the other. */
  readonly records: Buffer;
  readonly regions: Regions;
}

/** The metadata of a file's samples may be so large; more is believed of no file. */
const mostMetadata = 2 ** 31;

/** Reads them. @throws DataError when the file is short, corrupt or of another version */
export function readContents(bytes: FileBytes): BetonContents {
  const header = bytes.read(0, headerBytes, "the header");
  if (header.readUInt16LE(0) !== version)
    throw bytes.error(`expected .beton version ${version}, got ${header.readUInt16LE(0)}`, {});
  const fieldCount = header.readUInt16LE(2);
  const pageSize = header.readUInt32LE(4);
  const count = Number(header.readBigUInt64LE(8));
  const tableStart = Number(header.readBigUInt64LE(16));
  if (pageSize === 0 || (pageSize & (pageSize - 1)) !== 0 || pageSize > mostPage)
    throw bytes.error(`expected a page size that is a power of two, got ${pageSize}`, {});
  const fields = readFields(bytes, fieldCount);
  const { offsets, size: recordSize } = recordLayout(fields);
  const length = count * recordSize;
  if (!(length <= mostMetadata))
    throw bytes.error(`expected records of ${recordSize} bytes within the file, got ${count} samples`, {});
  const records = bytes.read(headerBytes + fieldCount * descriptorBytes, length, "the samples' records");
  const regions = new Regions(readTable(bytes, tableStart));
  return { fields, count, pageSize, offsets, recordSize, records, regions };
}

function readFields(file: FileBytes, count: number): BetonFields {
  const bytes = file.read(headerBytes, count * descriptorBytes, "the fields' descriptors");
  const fields: [string, BetonField][] = [];
  for (let i = 0; i < count; i++) {
    const { name, field } = decodeDescriptor(bytes.subarray(i * descriptorBytes, (i + 1) * descriptorBytes));
    if (fields.some(([known]) => known === name))
      throw file.error(`expected names that differ, got ${name} twice`, {});
    fields.push([name, field]);
  }
  return Object.fromEntries(fields);
}

function readTable(file: FileBytes, start: number): Buffer {
  const length = file.length - start;
  if (!(start >= headerBytes) || length < 0 || length % allocationBytes !== 0)
    throw file.error(
      `expected an allocation table with rows of ${allocationBytes} bytes to the end of the file, got its start at ${start}`,
      {},
    );
  return file.read(start, length, "the allocation table");
}
