/** The allocation table of a .beton file: where the regions of data lie, and how long each is. */
import { DataError } from "../../support/errors.js";
import { allocationBytes } from "./layout.js";

/** Sizes of regions by place. */
export class Regions {
  /** In ascending order. */
  readonly #places: Float64Array;
  readonly #sizes: Float64Array;
  /** Samples follow one another, so the region that is asked for is mostly the one after the last. */
  #next = 0;

  /** @param table rows of sample, place and size, in any order */
  constructor(table: Buffer) {
    const count = table.length / allocationBytes;
    const places = new Float64Array(count);
    const sizes = new Float64Array(count);
    let ordered = true;
    for (let i = 0; i < count; i++) {
      places[i] = uint64(table, i * allocationBytes + 8);
      sizes[i] = uint64(table, i * allocationBytes + 16);
      if (i > 0)
        ordered &&=
          places[i - 1]! < places[i]! || (places[i - 1] === places[i] && sizes[i - 1]! <= sizes[i]!);
    }
    if (ordered) {
      this.#places = places;
      this.#sizes = sizes;
      return;
    }
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    order.sort((a, b) => places[a]! - places[b]! || sizes[a]! - sizes[b]!);
    this.#places = Float64Array.from(order, (i) => places[i]!);
    this.#sizes = Float64Array.from(order, (i) => sizes[i]!);
  }

  /** The size of the region that begins at a place. @throws DataError when none does */
  sizeAt(place: number): number {
    const places = this.#places;
    let at = this.#next;
    // Of regions at one place, which empty ones share, the last is the largest.
    if (places[at] !== place || places[at + 1] === place) at = this.#find(place);
    this.#next = at + 1;
    return this.#sizes[at]!;
  }

  #find(place: number): number {
    const places = this.#places;
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (places[middle]! <= place) low = middle + 1;
      else high = middle;
    }
    if (low === 0 || places[low - 1] !== place)
      throw new DataError("expected a region of the allocation table, got none");
    return low - 1;
  }
}

/** A whole number of 64 bits, exact up to 2⁵³, above which no place in a file lies. */
export function uint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + 2 ** 32 * bytes.readUInt32LE(at + 4);
}
