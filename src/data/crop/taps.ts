/**
 * Which pixels a resized one is made of, and with which weights: those of a triangle, as in Pillow's antialiased bilinear
 * interpolation. Images of a set have few sizes and crops are of whole pixels, so that most are wanted more than once.
 */

/** Of each output: the first input that it takes from, and the weights of inputs from there on, in pairs. */
export interface Taps {
  readonly first: Int32Array;
  /** [outputs, 2 · pairs], in units of 2⁻¹⁴ */
  readonly weights: Int16Array;
  readonly pairs: number;
}

/** Taps that were made before, up to some megabytes of them. */
export class KnownTaps {
  readonly #known = new Map<string, Taps>();
  #bytes = 0;

  of(inputs: number, outputs: number, reversed: boolean): Taps {
    const name = `${inputs}/${outputs}/${reversed}`;
    const known = this.#known.get(name);
    if (known) return known;
    const made = taps(inputs, outputs, reversed);
    this.#bytes += made.first.byteLength + made.weights.byteLength;
    if (this.#bytes > mostKnown) {
      this.#known.clear();
      this.#bytes = made.first.byteLength + made.weights.byteLength;
    }
    this.#known.set(name, made);
    return made;
  }
}

const mostKnown = 8e6;
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
