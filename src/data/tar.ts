/** Reading tar archives (ustar, as CIFAR's are): the regular files of one, by name. */
import { DataError } from "../support/errors.js";

const block = 512;

/** The files of an unpacked archive, sharing its memory. @throws DataError when it is cut short or no tar */
export function readTar(archive: Uint8Array, name = "tar"): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (at + block <= archive.length && archive[at] !== 0) {
    const header = Buffer.from(archive.buffer, archive.byteOffset + at, block);
    const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
    if (octal(header, 148, 8) !== sum)
      throw new DataError(`${name}: expected a tar header at byte ${at}, got another checksum`);
    const size = octal(header, 124, 12);
    const type = header[156]!;
    const start = at + block;
    if (start + size > archive.length)
      throw new DataError(
        `${name}: expected ${size} bytes of ${text(header, 0, 100)}, got ${archive.length - start}`,
      );
    if (type === 0 || type === 0x30)
      files.set(join(text(header, 345, 155), text(header, 0, 100)), archive.subarray(start, start + size));
    at = start + Math.ceil(size / block) * block;
  }
  if (files.size === 0) throw new DataError(`${name}: expected a tar archive with files, got none`);
  return files;
}

function join(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}/${name}`;
}

function text(header: Buffer, start: number, length: number): string {
  const end = header.subarray(start, start + length).indexOf(0);
  return header.toString("utf8", start, start + (end < 0 ? length : end));
}

/** A number in octal digits; NaN when there are others. */
function octal(header: Buffer, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}
