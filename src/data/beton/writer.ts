/**
 * Writing .beton files. Samples are encoded some at a time and laid down in their order, so the same samples give the
 * same bytes; the file gets its name when it is whole.
 */
import { DataError } from "../../support/errors.js";
import { type BetonImageOptions, type BetonValue, encodeSample } from "./encode.js";
import {
  alignUp,
  type BetonFields,
  defaultPage,
  descriptorBytes,
  encodeDescriptor,
  headerBytes,
  leastPage,
  mostPage,
  recordLayout,
  version,
} from "./layout.js";
import { PagedFile } from "./paged-file.js";

/** How a .beton file is written. */
export interface BetonWriteOptions extends BetonImageOptions {
  /** Bytes of a page: a power of two from 2 MiB on. */
  readonly pageSize?: number;
  /** Is told how many samples are written, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Samples that are encoded at a time. */
const together = 64;

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
  const out = new PagedFile(path, alignUp(recordsStart + records.length, pageSize), pageSize);
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
        const places = out.append(
          start + i,
          regions.map(({ data }) => data),
        );
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
    out.commit([header, ...descriptors, records]);
  } catch (error) {
    out.discard();
    throw error;
  }
}
