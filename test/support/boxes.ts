/** Boxes of an image, for properties of what crops it. */
import fc from "fast-check";
import type { Box } from "../../src/augment/box.js";

/** Any box of a pixel or more within an image. */
export function boxesWithin(height: number, width: number): fc.Arbitrary<Box> {
  return fc.tuple(fc.nat(height - 1), fc.nat(width - 1)).chain(([top, left]) =>
    fc.record({
      top: fc.constant(top),
      left: fc.constant(left),
      height: fc.integer({ min: 1, max: height - top }),
      width: fc.integer({ min: 1, max: width - left }),
    }),
  );
}
