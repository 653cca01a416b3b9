/** Bytes as floats: the nearest float to byte / 255, whatever the length and the place. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { unitFloats } from "../../src/data/unit-floats.js";
import { ShapeError } from "../../src/support/errors.js";

test("every level is divided by 255, to the nearest float", () => {
  const levels = Uint8Array.from({ length: 256 }, (_, level) => level);
  expect([...unitFloats(levels)]).toEqual([...levels].map((level) => Math.fround(level / 255)));
});

test("any length, from any place to any place; nothing around is touched", () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(40), fc.nat(40), (length, from, to) => {
      const bytes = Uint8Array.from({ length: from + length }, (_, i) => (i * 7) % 251).subarray(from);
      const memory = new Float32Array(to + length + 3).fill(-1);
      const out = memory.subarray(to, to + length);
      expect(unitFloats(bytes, out)).toBe(out);
      const wrong = out.findIndex((value, i) => value !== Math.fround(bytes[i]! / 255));
      expect(wrong).toBe(-1);
      expect(
        [...memory.subarray(0, to), ...memory.subarray(to + length)].every((value) => value === -1),
      ).toBe(true);
    }),
  );
});

test("memory of another length is an error", () => {
  expect(() => unitFloats(new Uint8Array(3), new Float32Array(4))).toThrow(ShapeError);
});
