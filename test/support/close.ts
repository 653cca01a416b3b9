/**
 * Closeness of numbers, for tests: |a − e| ≤ absolute + relative·|e|, element by element. NaN equals NaN only, an infinity
 * only itself. A failure names the worst element.
 */
import { expect } from "vitest";

export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

/** How far `actual` is from `expected`, as a share of what is allowed; where, and in words. 1 or less is close. */
export function worstDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 1e-6, relative = 1e-5 }: Tolerance = {},
): { share: number; index: number; text: string } {
  let worst = { share: 0, index: -1, text: "all equal" };
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Object.is(a, e) || a === e) continue;
    const finite = Number.isFinite(a) && Number.isFinite(e);
    const share = finite ? Math.abs(a - e) / (absolute + relative * Math.abs(e)) : Number.POSITIVE_INFINITY;
    if (share > worst.share)
      worst = {
        share,
        index: i,
        text: `element ${i}: expected ${e}, got ${a} (${share.toFixed(2)} × tolerance)`,
      };
  }
  return worst;
}

/** Fails unless the two lists have equal lengths and close elements. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance?: Tolerance,
  name = "values",
): void {
  expect(actual.length, `${name}: number of elements`).toBe(expected.length);
  const { share, text } = worstDifference(actual, expected, tolerance);
  if (share > 1) expect.fail(`${name}: ${text}`);
}

/** The greatest |a − e| divided by the greatest |e|: the relative error of a whole tensor. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    if (Number.isNaN(actual[i]!) !== Number.isNaN(expected[i]!)) return Number.POSITIVE_INFINITY;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return scale === 0 ? difference : difference / scale;
}
