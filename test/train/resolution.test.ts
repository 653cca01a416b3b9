/** The resolution ramp against FFCV-SSL's rule, with its numbers: 160 → 224 between epochs 0 and 80. */
import { expect, test } from "vitest";
import { resolutionAt } from "../../src/train/resolution.js";

const ramp = { min: 160, max: 224, startEpoch: 10, endEpoch: 80, multiple: 32 };

test.each([
  [0, 160],
  [10, 160],
  [27, 160], // 175.5 / 32 = 5.49
  [28, 192], // 176.5 / 32 = 5.51
  [62, 192],
  [63, 224], // 208.5 / 32 = 6.51
  [80, 224],
  [200, 224],
])("epoch %i: %i px", (epoch, side) => {
  expect(resolutionAt(ramp, epoch)).toBe(side);
});

test("a finer multiple", () => {
  const small = { min: 16, max: 28, startEpoch: 0, endEpoch: 4, multiple: 4 };
  expect([0, 1, 2, 3, 4].map((epoch) => resolutionAt(small, epoch))).toEqual([16, 20, 24, 24, 28]);
});
