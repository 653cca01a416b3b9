/**
 * Raw images of a file that is held in memory, gathered into batches. File and batches lie in one memory of WebAssembly,
 * where a copy has nothing to set up: sets of small images are read at half again the rate of typed arrays.
 */

/** gather.wat, assembled; its test holds the two together. */
export const gatherWasm =
  "AGFzbQEAAAABCAFgBH9/f38AAhIBBmdhdGhlcgZtZW1vcnkCAAEDAgEABwoBBmdhdGhlcgAACisBKQADQCADIAAoAgAgAvwKAAAgAEEEaiEAIAMgAmohAyABQQFrIgENAAsL";

const pageBytes = 65_536;
/** All that a 32-bit place reaches. */
const mostBytes = 2 ** 32 - pageBytes;

type Gather = (places: number, count: number, size: number, out: number) => void;

export class GatherMemory {
  /** The bytes of the file, to be filled. */
  readonly file: Uint8Array;
  readonly #memory: WebAssembly.Memory;
  readonly #gather: Gather;
  readonly #placesAt: number;
  readonly #places: Uint32Array;
  #next: number;

  /** Whether so much can be held. */
  static fits(fileBytes: number, samples: number, batchBytes: number): boolean {
    return fileBytes + 4 * samples + batchBytes + 32 <= mostBytes;
  }

  /** @param samples of a batch at most @param batchBytes of all batches that are to be allocated */
  constructor(fileBytes: number, samples: number, batchBytes: number) {
    this.#placesAt = alignUp(fileBytes);
    this.#next = alignUp(this.#placesAt + 4 * samples);
    // Never grown, which would detach what was allocated.
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil((this.#next + batchBytes) / pageBytes) });
    this.file = new Uint8Array(this.#memory.buffer, 0, fileBytes);
    this.#places = new Uint32Array(this.#memory.buffer, this.#placesAt, samples);
    const module = new WebAssembly.Module(Buffer.from(gatherWasm, "base64"));
    const { exports } = new WebAssembly.Instance(module, { gather: { memory: this.#memory } });
    this.#gather = exports.gather as Gather;
  }

  /** Memory for a batch; undefined when there is no more. */
  allocate(bytes: number): Uint8Array | undefined {
    if (this.#next + bytes > this.#memory.buffer.byteLength) return undefined;
    const memory = new Uint8Array(this.#memory.buffer, this.#next, bytes);
    this.#next += bytes;
    return memory;
  }

  /**
   * Copies regions of `size` bytes to memory that was allocated here.
   * @param placeOf where the region of a sample lies in the file; negative when it has none
   * @returns false when some sample has none, or the memory is another
   */
  gather(samples: Uint32Array, placeOf: (sample: number) => number, size: number, into: Uint8Array): boolean {
    const count = samples.length;
    if (into.buffer !== this.#memory.buffer || count > this.#places.length || count * size > into.length)
      return false;
    for (let i = 0; i < count; i++) {
      const place = placeOf(samples[i]!);
      if (place < 0) return false;
      this.#places[i] = place;
    }
    if (count > 0) this.#gather(this.#placesAt, count, size, into.byteOffset);
    return true;
  }
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
