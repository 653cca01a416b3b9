/**
 * Keys: the names of random numbers. A key is derived from the seed by folding in what the numbers are for, such as
 * epoch, sample, view and operation; the same key gives the same numbers whatever the batch or the worker.
 */
import { philox } from "./philox.js";

/** Two unsigned 32-bit words. */
export type Key = readonly [number, number];

const words = new Uint32Array(4);

/** The key of a seed, a whole number from 0 to 2⁵³ − 1. */
export function key(seed: number): Key {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** A key derived from another by one or more whole numbers, in their order. */
export function fold(from: Key, ...data: number[]): Key {
  let [k0, k1] = from;
  for (const datum of data) {
    // The third counter word sets derived keys apart from drawn numbers.
    philox(datum >>> 0, Math.floor(datum / 2 ** 32) >>> 0, 0x666f6c64, 0, k0, k1, words);
    [k0, k1] = [words[0]!, words[1]!];
  }
  return [k0, k1];
}

/** The random words `start` … of a key. */
export function bits([k0, k1]: Key, out: Uint32Array): Uint32Array {
  const whole = out.length & ~3;
  for (let i = 0; i < whole; i += 4) philox(i >>> 2, 0, 0, 0, k0, k1, out, i);
  if (whole < out.length) {
    philox(whole >>> 2, 0, 0, 0, k0, k1, words);
    for (let i = whole; i < out.length; i++) out[i] = words[i - whole]!;
  }
  return out;
}
