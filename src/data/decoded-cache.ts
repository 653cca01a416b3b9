/**
 * Decoded images, kept. The file is named after a hash of all that its content depends on, so a changed source means
 * another file, never a stale one; it is written whole or not at all.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFileAtomic } from "../support/atomic.js";
import { cacheFolder } from "../support/cache.js";
import { DiskError } from "../support/errors.js";
import type { DecodedImages } from "./decode.js";

/** Height, width, and the number of bytes that follow. */
const headerBytes = 16;
/** What readFileSync takes at once. */
const largest = 2 ** 31 - 1;

/** The decoded images from the cache, or made by `decode` and put there. @param source what they depend on */
export async function cachedImages(
  source: readonly string[],
  decode: () => Promise<DecodedImages>,
): Promise<DecodedImages> {
  const path = cacheFolder("decoded", `${createHash("sha256").update(source.join("\n")).digest("hex")}.bin`);
  const known = read(path);
  if (known) return known;
  const decoded = await decode();
  const { images, height, width } = decoded;
  if (images.length + headerBytes <= largest) {
    const header = new Uint8Array(headerBytes);
    const view = new DataView(header.buffer);
    view.setUint32(0, height, true);
    view.setUint32(4, width, true);
    view.setBigUint64(8, BigInt(images.length), true);
    try {
      writeFileAtomic(path, [header, images]);
    } catch (error) {
      // A full or read-only cache makes the next run slower; this one has its images.
      if (!(error instanceof DiskError)) throw error;
    }
  }
  return decoded;
}

function read(path: string): DecodedImages | undefined {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return undefined;
  }
  if (file.length < headerBytes || file.readBigUInt64LE(8) !== BigInt(file.length - headerBytes))
    return undefined;
  return {
    height: file.readUInt32LE(0),
    width: file.readUInt32LE(4),
    images: file.subarray(headerBytes),
  };
}
