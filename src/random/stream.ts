/**
 * The random numbers of a key, one after the other: the words that `bits` gives, at hand where it is not known
 * beforehand how many are needed. One stream serves many keys, so that drawing allocates nothing.
 */
import { fold, type Key } from "./key.js";
import { philox } from "./philox.js";

/** Random numbers one after the other, from one key. */
export class Stream {
  readonly #words = new Uint32Array(4);
  #key: Key = [0, 0];
  #next = 0;

  /** Begins with the first number of a key. */
  start(key: Key): this {
    this.#key = key;
    this.#next = 0;
    return this;
  }

  /** Goes on with the numbers of a key derived from the present one. */
  derived(datum: number): this {
    return this.start(fold(this.#key, datum));
  }

  /** The key whose numbers these are, to draw many of them at once. */
  get key(): Key {
    return this.#key;
  }

  /** The next 32 random bits. */
  word(): number {
    const place = this.#next & 3;
    if (place === 0) philox(this.#next >>> 2, 0, 0, 0, this.#key[0], this.#key[1], this.#words);
    this.#next++;
    return this.#words[place]!;
  }

  /** Uniform in [0, 1), 24 random bits. */
  uniform(): number {
    return (this.word() >>> 8) * 2 ** -24;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number in [low, high), high − low at most 2²⁰ for a bias below 2⁻¹². */
  integer(low: number, high: number): number {
    return low + Math.floor((this.word() * (high - low)) / 2 ** 32);
  }

  /** 1 with this probability, else 0; it takes one number in either case. */
  chance(probability: number): 0 | 1 {
    return this.uniform() < probability ? 1 : 0;
  }

  /** Standard normal, by Box and Muller's transform. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.word() + 1) * 2 ** -32));
    return radius * Math.cos(2 * Math.PI * this.word() * 2 ** -32);
  }

  /** Between 0 and 1 by the distribution Beta(alpha, alpha); computed by logarithms, so that a small alpha is no trouble. */
  symmetricBeta(alpha: number): number {
    return 1 / (1 + Math.exp(this.#logGamma(alpha) - this.#logGamma(alpha)));
  }

  /** The logarithm of a gamma number. Source: Marsaglia & Tsang 2000, "A simple method for generating gamma variables". */
  #logGamma(alpha: number): number {
    const d = alpha + 1 - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      const u = (this.word() + 1) * 2 ** -32;
      if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v))
        // Of shape alpha + 1; times a power of a uniform number it has shape alpha.
        return Math.log(d * v) + Math.log((this.word() + 1) * 2 ** -32) / alpha;
    }
  }
}
