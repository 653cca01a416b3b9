/**
 * Pixels as floats, for who does not train by the compiled step, which takes bytes. WebAssembly's vector instructions
 * take a fraction of JavaScript's time for it. The floats stay in its memory, since a copy of them would take as long as
 * making them, and new memory longer.
 */
import { ShapeError } from "../support/errors.js";

/** unit-floats.wat, assembled; its test holds the two together. */
export const unitFloatsWasm =
  "AGFzbQEAAAABBwFgA39/fwACEgEGZmxvYXRzBm1lbW9yeQIAAQMCAQAHCgEGZGl2aWRlAAAKiQEBhgEBA3tDAAB/Q/0TIQUDQCAA/QAEACEDIAP9iQEhBCABIAT9qQH9+wEgBf3nAf0LBAAgASAE/aoB/fsBIAX95wH9CwQQIAP9igEhBCABIAT9qQH9+wEgBf3nAf0LBCAgASAE/aoB/fsBIAX95wH9CwQwIAFBwABqIQEgAEEQaiIAIAJJDQALCw==";

/** Bytes that are taken at a time, so that they are read from the processor's caches. */
const chunk = 8192;
const pageBytes = 65_536;

type Divide = (from: number, to: number, end: number) => void;

/** Makes floats of images, in memory that is used again. */
export class UnitFloats {
  readonly #bytes: Uint8Array;
  readonly #floats: Float32Array;
  readonly #divide: Divide;

  /** @param length elements of the largest batch */
  constructor(readonly length: number) {
    const elements = Math.ceil(length / chunk) * chunk;
    const memory = new WebAssembly.Memory({ initial: Math.ceil((chunk + 4 * elements) / pageBytes) });
    this.#bytes = new Uint8Array(memory.buffer, 0, chunk);
    this.#floats = new Float32Array(memory.buffer, chunk, length);
    const module = new WebAssembly.Module(Buffer.from(unitFloatsWasm, "base64"));
    const { exports } = new WebAssembly.Instance(module, { floats: { memory } });
    this.#divide = exports.divide as Divide;
  }

  /**
   * Bytes divided by 255: from images in 0 … 255 to those in 0 … 1, the numbers of torchvision's `ToTensor`, in the order
   * of the bytes. They are there until the next call.
   * @throws ShapeError when there are more than `length` bytes
   */
  of(bytes: Uint8Array): Float32Array {
    if (bytes.length > this.length)
      throw new ShapeError(`images: expected at most ${this.length} bytes, got ${bytes.length}`);
    for (let at = 0; at < bytes.length; at += chunk) {
      const part = bytes.subarray(at, at + chunk);
      this.#bytes.set(part);
      this.#divide(0, chunk + 4 * at, part.length);
    }
    return this.#floats.subarray(0, bytes.length);
  }
}
