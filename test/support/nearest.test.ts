/** Suggestions for mistyped names. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, nearest, suggestion } from "../../src/support/nearest.js";

test.each([
  ["", "", 0],
  ["kitten", "sitting", 3],
  ["epcohs", "epochs", 1],
  ["abc", "", 3],
])("distance of %s and %s", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test("the distance is symmetric, and 0 only for equal texts", () => {
  const text = fc.string({ maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test("suggestions", () => {
  expect(nearest("epoch", ["batch", "epochs", "seed"])).toBe("epochs");
  expect(nearest("Temprature", ["temperature", "name"])).toBe("temperature");
  expect(nearest("xyz", ["batch", "epochs"])).toBeUndefined();
  expect(suggestion("bacth", ["batch", "epochs"])).toBe("did you mean batch?");
  expect(suggestion("xyz", ["batch", "epochs"])).toBe("known: batch, epochs");
});
