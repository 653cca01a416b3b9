/** Options: defaults that are the same in code and in a configuration, wrong ones that are a clear error, multi-crop. */
import { describe, expect, test } from "vitest";
import type { Augmentation } from "../../src/augment/augmentation.js";
import { centerCrop } from "../../src/augment/center-crop.js";
import { colorJitter } from "../../src/augment/color-jitter.js";
import { createPipeline } from "../../src/augment/create.js";
import { gaussianBlur } from "../../src/augment/gaussian-blur.js";
import { gaussianNoise } from "../../src/augment/gaussian-noise.js";
import * as augmentations from "../../src/augment/index.js";
import { mixup } from "../../src/augment/mixup.js";
import { normalize } from "../../src/augment/normalize.js";
import { pad, randomCrop } from "../../src/augment/pad.js";
import { multiCrop } from "../../src/augment/presets.js";
import { cutout, randomErasing } from "../../src/augment/random-erasing.js";
import { randomResizedCrop } from "../../src/augment/random-resized-crop.js";
import { rotate } from "../../src/augment/rotate.js";
import { drawViews, pipelineShape } from "../../src/augment/views.js";
import { ConfigError, JesslError, ShapeError } from "../../src/support/errors.js";
import { names } from "./all.js";
import { applyCompiled, draw, epochKey, images } from "./support.js";

const shape = [16, 16, 3] as const;
const byName = new Map(Object.entries(augmentations)) as unknown as Map<string, () => Augmentation>;

// Poison and replaceLabel have no default samples in code, normalize no default statistics.
describe.each(names.filter((name) => !["poison", "replaceLabel", "normalize"].includes(name)))(
  "%s",
  (name) => {
    test("has the same defaults in code and in a configuration", async () => {
      const [ours, configured] = [[byName.get(name)!()], createPipeline([{ name }], shape)];
      const batch = images([6, ...shape]);
      const drawn = draw(ours, batch);
      expect(draw(configured, batch)).toEqual(drawn);
      expect((await applyCompiled(configured, batch, drawn)).data).toEqual(
        (await applyCompiled(ours, batch, drawn)).data,
      );
    });
  },
);

describe("wrong options", () => {
  test.each<[string, () => unknown, string | RegExp]>([
    [
      "scale",
      () => randomResizedCrop({ scale: [0.5, 0.2] }),
      "scale: expected two numbers in order from 0 to 1, got [0.5, 0.2]",
    ],
    ["size", () => randomResizedCrop({ size: 0 }), "size: expected a whole number of 1 or more, got 0"],
    [
      "hue",
      () => colorJitter({ hue: 0.6 }),
      /colorJitter\.hue: expected .* from -0\.5 to 0\.5, got \[-0\.6, 0\.6\]/,
    ],
    [
      "probability",
      () => rotate({ probability: 1.5 }),
      "rotate.probability: expected a probability from 0 to 1, got 1.5",
    ],
    ["NaN", () => randomErasing({ probability: Number.NaN }), /expected a probability/],
    [
      "sigma",
      () => gaussianNoise({ sigma: -1 }),
      /gaussianNoise\.sigma: expected two numbers in order from 0/,
    ],
    ["kernel", () => gaussianBlur({ kernel: 4 }), "gaussianBlur.kernel: expected odd sizes, got 4 × 4"],
    ["alpha", () => mixup({ alpha: 0 }), "mixup.alpha: expected a number above 0, got 0"],
    ["ratio", () => centerCrop({ ratio: 0 }), "centerCrop.ratio: expected more than 0 and at most 1, got 0"],
    [
      "deviation",
      () => normalize({ mean: 0, deviation: 0 }),
      /normalize\.deviation: expected numbers above 0/,
    ],
    ["padding", () => pad({ padding: -1 }), /pad\.padding: expected a whole number/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });

  test.each([
    [
      "a kernel too large",
      gaussianBlur({ kernel: 33 }),
      /gaussianBlur\.kernel: expected at most twice the image/,
    ],
    [
      "a mirror too large",
      randomCrop({ padding: 16, border: "reflect" }),
      /randomCrop: expected a reflect border smaller/,
    ],
    [
      "a crop too large",
      randomCrop({ padding: 1, size: 19 }),
      "randomCrop.size: expected at most 18 × 18, the padded image, got 19 × 19",
    ],
    ["a square too large", cutout({ size: 17 }), /cutout\.size: expected at most the image's side, got 17/],
    [
      "too many means",
      normalize({ mean: [0, 0], deviation: 1 }),
      /normalize\.mean: expected one number or 3/,
    ],
  ])("%s for the image", (_, augmentation, message) => {
    const draws = () => drawViews([[augmentation]], epochKey, [0], shape);
    expect(draws).toThrow(JesslError);
    expect(draws).toThrow(message);
  });

  test("a colour of two numbers for three channels", async () => {
    await expect(applyCompiled([rotate({ fill: [0, 1] })], images([1, 8, 8, 3]))).rejects.toThrow(ShapeError);
  });
});

test("an unfitting ratio falls back to the largest box in the middle", () => {
  const { top, left, height, width } = drawViews(
    [[randomResizedCrop({ scale: [1, 1], ratio: [1, 1] })]],
    epochKey,
    [0],
    [10, 30, 1],
  )[0]![0]!;
  expect([top, left, height, width].map((t) => t!.data[0])).toEqual([0, 10, 10, 10]);
});

test("multi-crop: large views first, then small ones, each of its size and share", () => {
  const pipelines = multiCrop([32, 32, 3], { global: { count: 2, size: 32 }, local: { count: 4, size: 16 } });
  expect(pipelines.map((pipeline) => pipelineShape(pipeline, [32, 32, 3])[0])).toEqual([
    32, 32, 16, 16, 16, 16,
  ]);
  const samples = Array.from({ length: 200 }, (_, i) => i);
  const areas = drawViews(pipelines, epochKey, samples, [32, 32, 3]).map(([crop]) =>
    samples.map((i) => (crop!.height!.data[i]! * crop!.width!.data[i]!) / 1024),
  );
  expect(Math.min(...areas[1]!)).toBeGreaterThan(0.13);
  expect(Math.max(...areas[2]!)).toBeLessThan(0.16);
  expect(areas[2]).not.toEqual(areas[3]);
});

test("noise has the deviation that was asked for, the same in every channel, and is not cut off", () => {
  const samples = Array.from({ length: 20 }, (_, i) => i);
  const { noise } = drawViews([[gaussianNoise({ sigma: 0.5 })]], epochKey, samples, [32, 32, 3])[0]![0]!;
  expect(noise!.shape).toEqual([20, 3, 32, 32]);
  const values = noise!.data as Float32Array;
  const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
  expect(variance).toBeCloseTo(0.25, 2);
  expect(Math.max(...values)).toBeGreaterThan(1.5);
});
