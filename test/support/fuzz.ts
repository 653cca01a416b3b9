/** Mutated files for parsers: what comes is a typed error or a right result, never a crash, a hang or a gigabyte. */
import { expect } from "vitest";
import { JesslError } from "../../src/support/errors.js";
import { generator } from "./data.js";

/** Mutated files of each parser. */
export const cases = 10_000;
/** The slow parsers have all cases where every test is wanted, and some of them elsewhere. */
export const slowCases: number = process.env.JESSL_TEST_ALL === "1" ? cases : 1000;

export type Random = () => number;
export const below = (next: Random, n: number): number => Math.floor(next() * n);
/** Numbers that break parsers more often than others. */
const nasty = [0, 1, 2, 0x7f, 0x80, 0xff];

/** Changes one to four places: a byte, a run of bytes, a copied run, a bit; or cuts the end off. */
export function mutate(source: Uint8Array, next: Random, from = 0, to = source.length): Uint8Array {
  const bytes = Uint8Array.from(source);
  for (let i = 1 + below(next, 4); i > 0; i--) {
    const at = from + below(next, to - from);
    switch (below(next, 5)) {
      case 0:
        bytes[at] = below(next, 256);
        break;
      case 1:
        bytes[at] = nasty[below(next, nasty.length)]!;
        break;
      case 2:
        bytes.fill(nasty[below(next, nasty.length)]!, at, at + 1 + below(next, 9));
        break;
      case 3:
        bytes.copyWithin(at, from + below(next, to - from), from + below(next, to - from));
        break;
      case 4:
        bytes[at]! ^= 1 << below(next, 8);
        break;
    }
  }
  return next() < 0.1 ? bytes.subarray(0, below(next, bytes.length)) : bytes;
}

/**
 * Runs the cases; how many ended with an error is returned: not all of them, and not none.
 * @param errorClass the only class of error that is right
 */
export async function fuzz(
  seed: number,
  attempt: (next: Random) => unknown,
  count: number = cases,
  errorClass: typeof JesslError = JesslError,
): Promise<number> {
  const next = generator(seed);
  const before = process.memoryUsage().rss;
  let errors = 0;
  for (let i = 0; i < count; i++)
    try {
      await attempt(next);
    } catch (error) {
      if (!(error instanceof errorClass)) throw new Error(`case ${i}: ${String(error)}`, { cause: error });
      errors++;
    }
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 30);
  expect(errors).toBeGreaterThan(count / 100);
  expect(errors).toBeLessThan(count);
  return errors;
}

/** Random bytes. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const next = generator(seed);
  return Uint8Array.from({ length }, () => below(next, 256));
}
