/**
 * JPEG by libjpeg-turbo, in a third of sharp's time for an image of 500 × 375. It uses the fast cosine transform, whose
 * pixels differ from sharp's by a level in the mean and by up to five in a photograph; so it is chosen by name, never
 * because it happens to be there. The package is optional: see `turboPackage`.
 */
import { createRequire } from "node:module";
import { ConfigError } from "../support/errors.js";

export const turboPackage = "@julusian/jpeg-turbo";
/** What `npm i` takes to bring it. */
export const turboVersion = `${turboPackage}@2.3.0`;

interface Turbo {
  readonly FORMAT_RGB: number;
  decompressSync(jpeg: Buffer, out: Buffer, options: { readonly format: number }): unknown;
}

/** Decodes a JPEG file into memory for uint8 [height, width, 3]; false when it is none, or one for sharp to judge. */
export type JpegDecoder = (
  bytes: Uint8Array,
  memory: (height: number, width: number) => Uint8Array,
) => boolean;

/** @throws ConfigError when the package is not there */
export function turboDecoder(): JpegDecoder {
  let turbo: Turbo;
  try {
    turbo = createRequire(import.meta.url)(turboPackage) as Turbo;
  } catch (error) {
    throw new ConfigError(`decoder turbo: expected the package ${turboPackage}: npm i ${turboVersion}`, {
      cause: error,
    });
  }
  return (bytes, memory) => {
    const size = jpegSize(bytes);
    if (!size) return false;
    const out = memory(size.height, size.width);
    try {
      turbo.decompressSync(buffer(bytes), buffer(out), { format: turbo.FORMAT_RGB });
      return true;
    } catch {
      return false;
    }
  };
}

function buffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** More pixels than any image that one trains on. */
const mostPixels = 1 << 26;

/** Height and width of a grey or colour JPEG file, from its frame header; undefined when there is none. */
export function jpegSize(bytes: Uint8Array): { height: number; width: number } | undefined {
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  if (bytes.length < 4 || word(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 < bytes.length; at += 2 + word(at + 2)) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff) return undefined;
    // Frames are C0 … CF, without tables of Huffman (C4) and arithmetic (CC) codes and one that is reserved (C8).
    if ((marker & 0xf0) !== 0xc0 || marker === 0xc4 || marker === 0xc8 || marker === 0xcc) continue;
    const [height, width, components] = [word(at + 5), word(at + 7), bytes[at + 9]!];
    const fits =
      height > 0 && width > 0 && height * width <= mostPixels && (components === 1 || components === 3);
    return fits ? { height, width } : undefined;
  }
  return undefined;
}
