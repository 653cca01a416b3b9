/**
 * What the bytes of a JPEG file say without decoding it: how large the image is, so that crops of it can be drawn before
 * they are decoded, and whether it has an end.
 */

/** Of an image, in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** More pixels than any image that one trains on. */
const mostPixels = 1 << 26;

/** Height and width of a grey or colour JPEG file, from its frame header; undefined when there is none. */
export function jpegSize(bytes: Uint8Array): ImageSize | undefined {
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

/** Whether a JPEG file ends as one does; what is cut off, or is followed by other bytes, does not. */
export function jpegEnds(bytes: Uint8Array): boolean {
  return bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9;
}
