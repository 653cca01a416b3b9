/**
 * Resizing a box of an image by antialiased bilinear interpolation, as torchvision does it to PIL's images: each pixel is
 * the sum of those below a triangle, weighted. The sums are made by WebAssembly (resample.wat), whose vector
 * instructions take a fifth of JavaScript's time for it.
 */
import { ShapeError } from "../../support/errors.js";

/** resample.wat, assembled; its test holds the two together. */
export const resampleWasm =
  "AGFzbQEAAAABGAJgCX9/f39/f39/fwBgCH9/f39/f39/AAIUAQhyZXNhbXBsZQZtZW1vcnkCAAEDAwIAAQcSAgRyb3dzAAAHY29sdW1ucwABCrMEAuMCAgV/CXv9DIAAAACAAAAAgAAAAIAAAAAhFgNAIAAgASADKAIAbGohCUEAIQoDQCAWIRIgFiETIBYhFCAWIRUgCSAKaiEMIAQhDSAFIQsDQCAM/QAEACEOIAwgAWr9AAQAIQ8gDf0JAgAhESAOIA/9DQAQARECEgMTBBQFFQYWBxchECASIBD9iQEgEf26Af2uASESIBMgEP2KASAR/boB/a4BIRMgDiAP/Q0IGAkZChoLGwwcDR0OHg8fIRAgFCAQ/YkBIBH9ugH9rgEhFCAVIBD9igEgEf26Af2uASEVIAwgAUEBdGohDCANQQRqIQ0gC0EBayILDQALIAYgCkEBdGohDCAMIBJBCP2sASATQQj9rAH9hQH9CwQAIAwgFEEI/awBIBVBCP2sAf2FAf0LBBAgCkEQaiEKIAogAkkNAAsgA0EEaiEDIAQgBUECdGohBCAGIAdqIQYgCEEBayIIDQALC8sBAgV/AnsDQCAGIQggAiEMIAMhCwNAIAAgDCgCAEEGbGohCv0MAAAIAAAACAAAAAgAAAAIACEOIAQhCQNAIAr9AAQAIQ0gDiANIA39DQABBgcCAwgJBAUKCwQFCgsgC/0JAgD9ugH9rgEhDiAKQQxqIQogC0EEaiELIAlBAWsiCQ0ACyAOQRT9rAEhDSANIA39hQEhDSAFIA0gDf1m/VoCAAAgBUEDaiEFIAxBBGohDCAIQQFrIggNAAsgACABaiEAIAdBAWsiBw0ACws=";

/** A box of an image in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

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
    width: number,
    count: number,
  ): void;
}

const pageBytes = 65_536;
let compiled: WebAssembly.Module | undefined;

/** Holds one image, and resizes boxes of it. */
export class BoxResizer {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #passes: Passes;
  #bytes = new Uint8Array(this.#memory.buffer);
  /** Of the image, in pixels. */
  height = 0;
  width = 0;

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(resampleWasm, "base64"));
    const instance = new WebAssembly.Instance(compiled, { resample: { memory: this.#memory } });
    this.#passes = instance.exports as unknown as Passes;
  }

  /** Memory for the pixels of an image, uint8 [height, width, 3], to be filled before `resize`. */
  image(height: number, width: number): Uint8Array {
    this.height = height;
    this.width = width;
    const bytes = 3 * height * width;
    this.#reserve(bytes);
    return this.#bytes.subarray(0, bytes);
  }

  /**
   * Resizes a box of the image.
   * @param flipped whether the result is mirrored left to right
   * @param size height and width of the result
   * @param out uint8 [height, width, 3] is written here from `start` on
   * @throws ShapeError when the box is not within the image
   */
  resize(box: Box, size: readonly [number, number], flipped: boolean, out: Uint8Array, start: number): void {
    const [rows, columns] = size;
    const { top, left, height, width } = box;
    if (
      !(top >= 0 && left >= 0 && height > 0 && width > 0) ||
      top + height > this.height ||
      left + width > this.width
    )
      throw new ShapeError(
        `box: expected one within ${this.width} × ${this.height} pixels, got ${width} × ${height} at ${left}, ${top}`,
      );
    const stride = 3 * this.width;
    const down = taps(height, rows, false);
    const across = taps(width, columns, flipped);
    // Weights of 0 may stand for pixels beyond the image; what lies there is read, but does not count.
    const parts = new Layout(3 * this.height * this.width + 2 * down.pairs * stride + 32);
    const middleStride = 2 * alignUp(3 * width) + 32;
    const places = {
      downFirst: parts.add(4 * rows),
      downWeights: parts.add(down.weights.byteLength),
      acrossFirst: parts.add(4 * columns),
      acrossWeights: parts.add(across.weights.byteLength),
      middle: parts.add(rows * middleStride + 12 * across.pairs),
      out: parts.add(3 * rows * columns + 16),
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

/** Of each output: the first input that it takes from, and the weights of inputs from there on, in pairs. */
interface Taps {
  readonly first: Int32Array;
  /** [outputs, 2 · pairs], in units of 2⁻¹⁴ */
  readonly weights: Int16Array;
  readonly pairs: number;
}

const one = 2 ** 14;

/** Taps of a triangle as wide as two outputs, or two inputs where these are wider. Source: Pillow, Resample.c. */
function taps(inputs: number, outputs: number, reversed: boolean): Taps {
  const scale = inputs / outputs;
  const reach = Math.max(1, scale);
  const pairs = Math.ceil((Math.ceil(reach) * 2 + 1) / 2);
  const first = new Int32Array(outputs);
  const weights = new Int16Array(outputs * 2 * pairs);
  const shares = new Float64Array(2 * pairs);
  let most = 1;
  for (let output = 0; output < outputs; output++) {
    const center = (output + 0.5) * scale;
    const low = Math.max(0, Math.floor(center - reach + 0.5));
    const count = Math.min(inputs, Math.floor(center + reach + 0.5)) - low;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      shares[i] = Math.max(0, 1 - Math.abs(low + i + 0.5 - center) / reach);
      sum += shares[i]!;
    }
    const row = reversed ? outputs - 1 - output : output;
    const at = row * 2 * pairs;
    let left = one;
    let largest = 0;
    for (let i = 0; i < count; i++) {
      const weight = Math.round((shares[i]! / sum) * one);
      weights[at + i] = weight;
      left -= weight;
      if (weight > weights[at + largest]!) largest = i;
    }
    // Weights sum to one, so that an even area stays what it is.
    weights[at + largest]! += left;
    first[row] = low;
    most = Math.max(most, count);
  }
  return narrowed({ first, weights, pairs }, Math.ceil(most / 2));
}

/** The same taps in fewer pairs, where none has more. */
function narrowed({ first, weights, pairs }: Taps, enough: number): Taps {
  if (enough === pairs) return { first, weights, pairs };
  const fewer = new Int16Array(first.length * 2 * enough);
  for (let row = 0; row < first.length; row++)
    fewer.set(weights.subarray(row * 2 * pairs, row * 2 * pairs + 2 * enough), row * 2 * enough);
  return { first, weights: fewer, pairs: enough };
}
