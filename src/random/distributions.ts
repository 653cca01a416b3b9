/** Random numbers of a key: uniform, whole numbers, permutations. All are pure functions of the key. */
import { bits, type Key } from "./key.js";

function target(out: Float32Array | number): Float32Array {
  return typeof out === "number" ? new Float32Array(out) : out;
}

/** Uniform in [0, 1), 24 random bits each. @param out an array to fill, or how many */
export function uniform(key: Key, out: Float32Array | number): Float32Array {
  const numbers = target(out);
  const words = bits(key, new Uint32Array(numbers.length));
  for (let i = 0; i < numbers.length; i++) numbers[i] = (words[i]! >>> 8) * 2 ** -24;
  return numbers;
}

/** `count` whole numbers in [low, high), high − low at most 2²⁰ for a bias below 2⁻¹². */
export function integers(key: Key, count: number, low: number, high: number): Int32Array {
  const words = bits(key, new Uint32Array(count));
  return Int32Array.from(words, (word) => low + Math.floor((word * (high - low)) / 2 ** 32));
}

/** The numbers 0 … n − 1 in random order (Fisher and Yates). */
export function permutation(key: Key, n: number): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const words = bits(key, new Uint32Array(n));
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((words[i]! * (i + 1)) / 2 ** 32);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
