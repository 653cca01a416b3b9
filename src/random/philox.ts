/**
 * Philox4x32-10, a counter-based generator: four random words are a function of a counter and a key, with no state
 * between calls. So any number of a run can be computed alone, in any order and on any worker.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", §3.3; constants from Random123.
 */

/** The high 32 bits of the product of two unsigned words, as a signed one. In whole numbers only, which is twice as fast. */
function high(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
  const other = (middle & 0xffff) + (Math.imul(a0, b1) >>> 0);
  // middle and other stay below 2³², so nothing is lost by the shifts.
  return (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0;
}

/** Writes the four words for the counter (c0, c1, c2, c3) under the key (k0, k1) to `out` from `at` on. */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
  at = 0,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = high(0xd2511f53, c0);
    const high1 = high(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
