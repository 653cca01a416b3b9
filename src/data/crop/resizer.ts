/**
 * Resizing a box of an image by antialiased bilinear interpolation, as torchvision does it to PIL's images: each pixel is
 * the sum of those below a triangle, weighted. The sums are made by WebAssembly (resample.wat), whose vector
 * instructions take a fifth of JavaScript's time for it.
 */
import type { Box } from "../../augment/box.js";
import { ShapeError } from "../../support/errors.js";
import { KnownTaps } from "./taps.js";

/** resample.wat, assembled; its test holds the two together. */
export const resampleWasm =
  "AGFzbQEAAAABDQFgCX9/f39/f39/fwACFAEIcmVzYW1wbGUGbWVtb3J5AgABAwMCAAAHEgIEcm93cwAAB2NvbHVtbnMAAQrrBgLjAgIFfwl7/QyAAAAAgAAAAIAAAACAAAAAIRYDQCAAIAEgAygCAGxqIQlBACEKA0AgFiESIBYhEyAWIRQgFiEVIAkgCmohDCAEIQ0gBSELA0AgDP0ABAAhDiAMIAFq/QAEACEPIA39CQIAIREgDiAP/Q0AEAERAhIDEwQUBRUGFgcXIRAgEiAQ/YkBIBH9ugH9rgEhEiATIBD9igEgEf26Af2uASETIA4gD/0NCBgJGQoaCxsMHA0dDh4PHyEQIBQgEP2JASAR/boB/a4BIRQgFSAQ/YoBIBH9ugH9rgEhFSAMIAFBAXRqIQwgDUEEaiENIAtBAWsiCw0ACyAGIApBAXRqIQwgDCASQQj9rAEgE0EI/awB/YUB/QsEACAMIBRBCP2sASAVQQj9rAH9hQH9CwQQIApBEGohCiAKIAJJDQALIANBBGohAyAEIAVBAnRqIQQgBiAHaiEGIAhBAWsiCA0ACwuDBAIJfwd7/QwAAAgAAAAIAAAACAAAAAgAIRgDQCAHIQkgAiEMIAMhCyAFIQ0DQCAAIAwoAgBBBmxqIQ4gDiABaiEPIA8gAWohECAQIAFqIREgGCESIBghEyAYIRQgGCEVIAQhCgNAIAv9CQIAIRcgDv0ABAAhFiASIBYgFv0NAAEGBwIDCAkEBQoLBAUKCyAX/boB/a4BIRIgDkEMaiEOIA/9AAQAIRYgEyAWIBb9DQABBgcCAwgJBAUKCwQFCgsgF/26Af2uASETIA9BDGohDyAQ/QAEACEWIBQgFiAW/Q0AAQYHAgMICQQFCgsEBQoLIBf9ugH9rgEhFCAQQQxqIRAgEf0ABAAhFiAVIBYgFv0NAAEGBwIDCAkEBQoLBAUKCyAX/boB/a4BIRUgEUEMaiERIAtBBGohCyAKQQFrIgoNAAsgEkEU/awBIBNBFP2sAf2FASAUQRT9rAEgFUEU/awB/YUB/WYhFiANIQ4gDiAW/VkBAAAgDiAW/VgAAgIgDiAGaiEOIA4gFv1ZAQACIA4gFv1YAAIGIA4gBmohDiAOIBb9WQEABCAOIBb9WAACCiAOIAZqIQ4gDiAW/VkBAAYgDiAW/VgAAg4gDUEDaiENIAxBBGohDCAJQQFrIgkNAAsgACABQQJ0aiEAIAUgBkECdGohBSAIQQRrIghBAEoNAAsL";

interface Passes {
  rows(
    source: number,
    stride: number,
    bytes: number,
    first: number,
    weights: number,
    pairs: number,
    out: number,
    outStride: number,
    count: number,
  ): void;
  columns(
    source: number,
    stride: number,
    first: number,
    weights: number,
    pairs: number,
    out: number,
    outStride: number,
    width: number,
    rows: number,
  ): void;
}

const pageBytes = 65_536;
let compiled: WebAssembly.Module | undefined;

/** Holds one image or a part of it, and resizes boxes of it. */
export class BoxResizer {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #passes: Passes;
  readonly #taps = new KnownTaps();
  #bytes = new Uint8Array(this.#memory.buffer);
  /** What is held of the image. */
  #part: Box = { top: 0, left: 0, height: 0, width: 0 };

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(resampleWasm, "base64"));
    const instance = new WebAssembly.Instance(compiled, { resample: { memory: this.#memory } });
    this.#passes = instance.exports as unknown as Passes;
  }

  /** Memory for the pixels of a part of an image, uint8 [height, width, 3], to be filled before `resize`. */
  part(part: Box): Uint8Array {
    this.#part = part;
    const bytes = 3 * part.height * part.width;
    this.#reserve(bytes);
    return this.#bytes.subarray(0, bytes);
  }

  /** Memory for all pixels of an image. */
  image(height: number, width: number): Uint8Array {
    return this.part({ top: 0, left: 0, height, width });
  }

  /**
   * Resizes a box of the image.
   * @param flipped whether the result is mirrored left to right
   * @param size height and width of the result
   * @param out uint8 [height, width, 3] is written here from `start` on
   * @throws ShapeError when the box is not within what is held
   */
  resize(box: Box, size: readonly [number, number], flipped: boolean, out: Uint8Array, start: number): void {
    const [rows, columns] = size;
    const { height, width } = box;
    const part = this.#part;
    const [top, left] = [box.top - part.top, box.left - part.left];
    if (
      !(top >= 0 && left >= 0 && height > 0 && width > 0) ||
      top + height > part.height ||
      left + width > part.width
    )
      throw new ShapeError(
        `box: expected one within ${part.width} × ${part.height} pixels at ${part.left}, ${part.top}, got ${width} × ${height} at ${box.left}, ${box.top}`,
      );
    const stride = 3 * part.width;
    const down = this.#taps.of(height, rows, false);
    const across = this.#taps.of(width, columns, flipped);
    // Columns of four rows are made at a time.
    const madeRows = (rows + 3) & ~3;
    // Weights of 0 may stand for pixels beyond the image; what lies there is read, but does not count.
    const parts = new Layout(3 * part.height * part.width + 2 * down.pairs * stride + 32);
    const middleStride = 2 * alignUp(3 * width) + 32;
    const places = {
      downFirst: parts.add(4 * rows),
      downWeights: parts.add(down.weights.byteLength),
      acrossFirst: parts.add(4 * columns),
      acrossWeights: parts.add(across.weights.byteLength),
      middle: parts.add(madeRows * middleStride + 12 * across.pairs),
      out: parts.add(3 * madeRows * columns),
    };
    this.#reserve(parts.bytes);
    const { buffer } = this.#memory;
    new Int32Array(buffer, places.downFirst, rows).set(down.first);
    new Int16Array(buffer, places.downWeights, down.weights.length).set(down.weights);
    new Int32Array(buffer, places.acrossFirst, columns).set(across.first);
    new Int16Array(buffer, places.acrossWeights, across.weights.length).set(across.weights);
    this.#passes.rows(
      top * stride + 3 * left,
      stride,
      3 * width,
      places.downFirst,
      places.downWeights,
      down.pairs,
      places.middle,
      middleStride,
      rows,
    );
    this.#passes.columns(
      places.middle,
      middleStride,
      places.acrossFirst,
      places.acrossWeights,
      across.pairs,
      places.out,
      3 * columns,
      columns,
      rows,
    );
    out.set(this.#bytes.subarray(places.out, places.out + 3 * rows * columns), start);
  }

  #reserve(bytes: number): void {
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = new Uint8Array(this.#memory.buffer);
  }
}

/** Places in memory, one after the other. */
class Layout {
  constructor(public bytes: number) {
    this.bytes = alignUp(bytes);
  }

  add(bytes: number): number {
    const place = this.bytes;
    this.bytes = alignUp(place + bytes);
    return place;
  }
}

function alignUp(bytes: number): number {
  return (bytes + 15) & ~15;
}
