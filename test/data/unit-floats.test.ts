/** Bytes as floats: the nearest float to byte / 255, whatever the length and the place. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UnitFloats } from "../../src/data/unit-floats.js";
import { ShapeError } from "../../src/support/errors.js";

test("every level is divided by 255, to the nearest float", () => {
  const levels = Uint8Array.from({ length: 256 }, (_, level) => level);
  expect([...new UnitFloats(256).of(levels)]).toEqual([...levels].map((level) => Math.fround(level / 255)));
});

test("any length, from any place, in memory that is used again", () => {
  const floats = new UnitFloats(20_000);
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(40), (length, from) => {
      const bytes = Uint8Array.from({ length: from + length }, (_, i) => (i * 7 + length) % 251).subarray(
        from,
      );
      const got = floats.of(bytes);
      expect(got).toHaveLength(length);
      expect(got.findIndex((value, i) => value !== Math.fround(bytes[i]! / 255))).toBe(-1);
    }),
  );
});

test("a batch that is too large is an error", () => {
  expect(() => new UnitFloats(3).of(new Uint8Array(4))).toThrow(ShapeError);
});
