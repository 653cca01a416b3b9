/**
 * Standard normal numbers by the ziggurat: the density is covered by 128 layers of equal area, and one random word
 * chooses a layer and a place in it; 98.8 % of the words are a number at once, with no logarithm or cosine. A batch of
 * noise needs a million numbers a step, so the words come from xoshiro128++, whose state is four Philox words of the key,
 * at a tenth of Philox's price; the few numbers that need more words take these from Philox by their place.
 * Sources: Marsaglia & Tsang 2000, "The ziggurat method for generating random variables"; Blackman & Vigna 2021,
 * "Scrambled linear pseudorandom number generators".
 */
import type { Key } from "./key.js";
import { philox } from "./philox.js";

const layers = 128;
/** Where the tail begins, and the area of a layer. */
const tail = 3.442619855899;
const area = 9.91256303526217e-3;

/** Of each layer: the bound below which a word is accepted at once, the width a unit of it, the density at its edge. */
const bound = new Int32Array(layers);
const width = new Float64Array(layers);
const density = new Float64Array(layers);

function gauss(x: number): number {
  return Math.exp(-0.5 * x * x);
}

let edge = tail;
const base = area / gauss(tail);
bound[0] = (edge / base) * 2 ** 31;
width[0] = base / 2 ** 31;
width[layers - 1] = edge / 2 ** 31;
density[0] = 1;
density[layers - 1] = gauss(edge);
for (let i = layers - 2; i >= 1; i--) {
  const next = Math.sqrt(-2 * Math.log(area / edge + gauss(edge)));
  bound[i + 1] = (next / edge) * 2 ** 31;
  edge = next;
  density[i] = gauss(edge);
  width[i] = edge / 2 ** 31;
}

const words = new Uint32Array(4);

/** In (0, 1], so that the logarithm is finite. */
function positive(word: number): number {
  return (word + 1) * 2 ** -32;
}

/** Number `i` whose first word was refused. */
function refused([k0, k1]: Key, i: number, first: number): number {
  let word = first;
  for (let attempt = 1; ; attempt++) {
    const layer = word & (layers - 1);
    if (Math.abs(word) < bound[layer]!) return word * width[layer]!;
    // Words of number i: the first counter word says which number, the second which attempt.
    philox(i, attempt, 0x6e6f726d, 0, k0, k1, words);
    if (layer === 0) {
      // The tail: an exponential beyond its begin, accepted by another one.
      const x = -Math.log(positive(words[0]!)) / tail;
      const y = -Math.log(positive(words[1]!));
      if (2 * y >= x * x) return word > 0 ? tail + x : -tail - x;
      // Tried again in the tail: layer 0, beyond its bound, with the sign that it had.
      word = word > 0 ? 2 ** 31 - layers : -(2 ** 31);
      continue;
    }
    const x = word * width[layer]!;
    const height = density[layer]! + words[0]! * 2 ** -32 * (density[layer - 1]! - density[layer]!);
    if (height < gauss(x)) return x;
    word = words[1]! | 0;
  }
}

/**
 * Independent normal numbers of mean 0; number i is the same however many are drawn.
 * @param out an array to fill, or how many
 * @param deviation the standard deviation
 */
export function normal(key: Key, out: Float32Array | number, deviation = 1): Float32Array {
  const numbers = typeof out === "number" ? new Float32Array(out) : out;
  philox(0, 0, 0x6e6f726d, 1, key[0], key[1], words);
  let a = words[0]! | 0;
  let b = words[1]! | 0;
  let c = words[2]! | 0;
  let d = words[3]! | 0;
  for (let i = 0; i < numbers.length; i++) {
    const sum = (a + d) | 0;
    const word = (((sum << 7) | (sum >>> 25)) + a) | 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    const layer = word & (layers - 1);
    const number = Math.abs(word) < bound[layer]! ? word * width[layer]! : refused(key, i, word);
    numbers[i] = number * deviation;
  }
  return numbers;
}
