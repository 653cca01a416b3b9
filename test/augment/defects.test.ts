/** What is wrong in FFCV-SSL's augmentations and must not be wrong here, one test a defect. */
import { describe, expect, test } from "vitest";
import { describeDrawn } from "../../src/augment/augment.js";
import type { Augmentation } from "../../src/augment/augmentation.js";
import { cornerCrop } from "../../src/augment/center-crop.js";
import { colorJitter } from "../../src/augment/color-jitter.js";
import { gaussianBlur } from "../../src/augment/gaussian-blur.js";
import { grayscale } from "../../src/augment/grayscale.js";
import { horizontalFlip } from "../../src/augment/horizontal-flip.js";
import { randomErasing } from "../../src/augment/random-erasing.js";
import { randomResizedCrop } from "../../src/augment/random-resized-crop.js";
import { translate } from "../../src/augment/translate.js";
import { drawViews } from "../../src/augment/views.js";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { fold, key } from "../../src/random/index.js";
import { expectClose } from "../support/close.js";
import { applyEagerly, draw, epochKey, images } from "./support.js";

const thousand = Array.from({ length: 1000 }, (_, i) => i);

function drawMany(augmentation: Augmentation, samples = thousand): { readonly [name: string]: number[] } {
  const drawn = drawViews([[augmentation]], epochKey, samples, [32, 32, 3])[0]![0]!;
  return Object.fromEntries(Object.entries(drawn).map(([name, { data }]) => [name, [...data]]));
}

/** The pixels of image i, row by row. */
function pixels({ data, shape }: HostTensor, i: number): (y: number, x: number, c: number) => number {
  const [, height, width, channels] = shape as [number, number, number, number];
  return (y, x, c) => data[((i * height + y) * width + x) * channels + c]!;
}

test("crops: FFCV-SSL applies the ratio to both sides, so every crop is a square", () => {
  const { height, width } = drawMany(randomResizedCrop());
  const logRatios = height!.map((h, i) => Math.log(width![i]! / h));
  expect(logRatios.filter((r) => Math.abs(r) > 0.1).length).toBeGreaterThan(500);
  // Uniform between log 3/4 and log 4/3, up to the rounding to pixels: mean 0, deviation 0.166.
  const mean = logRatios.reduce((a, b) => a + b) / 1000;
  const deviation = Math.sqrt(logRatios.reduce((a, b) => a + b * b, 0) / 1000);
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(deviation - 0.166)).toBeLessThan(0.02);
});

test("hue: FFCV-SSL cuts its range off at 0, so it turns one way only", () => {
  const { hue } = drawMany(colorJitter({ probability: 1 }));
  expect(hue!.filter((turn) => turn < 0).length).toBeGreaterThan(430);
  expect(hue!.filter((turn) => turn > 0).length).toBeGreaterThan(430);
  expect(Math.min(...hue!)).toBeLessThan(-0.09);
  expect(Math.max(...hue!)).toBeGreaterThan(0.09);
});

test("flip: FFCV-SSL's, with a seed, always flips", () => {
  for (const probability of [0, 0.25, 0.5, 1]) {
    const flips = drawMany(horizontalFlip({ probability })).flipped!.reduce((a, b) => a + b);
    expect(Math.abs(flips - 1000 * probability)).toBeLessThan(4 * Math.sqrt(1000 * 0.25) + 1);
    if (probability === 0 || probability === 1) expect(flips).toBe(1000 * probability);
  }
});

test("erasing: FFCV-SSL's crashes, and decides for all images by the last one", async () => {
  const batch = images([16, 20, 18, 3]);
  const erasing = randomErasing({ fill: [0.1, 0.2, 0.3] });
  const drawn = draw([erasing], batch);
  const result = await applyEagerly([erasing], batch, drawn);
  let erased = 0;
  for (let i = 0; i < 16; i++) {
    const { top, left, height, width } = describeDrawn([erasing], drawn[0]!, i)[0]!.parameters as Record<
      string,
      number
    >;
    if (height! > 0) erased++;
    const [before, after] = [pixels(batch, i), pixels(result, i)];
    for (let y = 0; y < 20; y++)
      for (let x = 0; x < 18; x++) {
        const inside = y >= top! && y < top! + height! && x >= left! && x < left! + width!;
        expect(after(y, x, 1)).toBe(inside ? Math.fround(0.2) : before(y, x, 1));
      }
  }
  expect(erased).toBeGreaterThan(3);
  expect(erased).toBeLessThan(13);
});

describe("labels: FFCV-SSL's of jitter crash, those of grey, blur and translation do not match the image", () => {
  test("jitter", async () => {
    const batch = images([6, 8, 8, 3]);
    for (let i = 0; i < batch.data.length; i++) batch.data[i]! *= 0.5; // nothing is cut off
    const jitter = colorJitter({ contrast: 0, saturation: 0, hue: 0, probability: 0.5 });
    const drawn = draw([jitter], batch);
    const result = await applyEagerly([jitter], batch, drawn);
    for (let i = 0; i < 6; i++) {
      const factor = describeDrawn([jitter], drawn[0]!, i)[0]!.parameters.brightness as number;
      expect(pixels(result, i)(3, 4, 1) / pixels(batch, i)(3, 4, 1)).toBeCloseTo(factor, 5);
    }
    expect(new Set(drawn[0]![0]!.brightness!.data).size).toBeGreaterThan(2);
  });

  test("grey", async () => {
    const batch = images([16, 4, 4, 3]);
    const grey = grayscale({ probability: 0.5 });
    const drawn = draw([grey], batch);
    const result = await applyEagerly([grey], batch, drawn);
    const labels = Array.from(
      { length: 16 },
      (_, i) => describeDrawn([grey], drawn[0]!, i)[0]!.parameters.grey,
    );
    const isGrey = labels.map((_, i) => {
      const at = pixels(result, i);
      return at(1, 2, 0) === at(1, 2, 1) && at(1, 2, 1) === at(1, 2, 2) ? 1 : 0;
    });
    expect(isGrey).toEqual(labels);
    expect(new Set(labels).size).toBe(2);
  });

  test("translation", async () => {
    const batch = images([8, 12, 12, 1]);
    const move = translate({ distance: 3, fill: 0.5 });
    const drawn = draw([move], batch);
    const result = await applyEagerly([move], batch, drawn);
    for (let i = 0; i < 8; i++) {
      const { down, right } = describeDrawn([move], drawn[0]!, i)[0]!.parameters as Record<string, number>;
      for (let y = 0; y < 12; y++)
        for (let x = 0; x < 12; x++) {
          const [fromY, fromX] = [y - down!, x - right!];
          const inside = fromY >= 0 && fromY < 12 && fromX >= 0 && fromX < 12;
          const expected = inside ? pixels(batch, i)(fromY, fromX, 0) : 0.5;
          expect(pixels(result, i)(y, x, 0)).toBeCloseTo(expected, 6);
        }
    }
  });

  test("blur", async () => {
    // A point spreads to the kernel itself.
    const point = hostTensor(new Float32Array(8 * 9 * 9), [8, 9, 9, 1]);
    for (let i = 0; i < 8; i++) point.data[i * 81 + 40] = 1;
    const blur = gaussianBlur({ probability: 0.7, kernel: 5 });
    const drawn = draw([blur], point);
    const result = await applyEagerly([blur], point, drawn);
    const sigmas = Array.from(
      { length: 8 },
      (_, i) => describeDrawn([blur], drawn[0]!, i)[0]!.parameters.sigma as number,
    );
    for (const [i, sigma] of sigmas.entries()) {
      const tap = (d: number): number =>
        sigma === 0 ? Number(d === 0) : Math.exp((-d * d) / (2 * sigma * sigma));
      const sum = tap(0) + 2 * (tap(1) + tap(2));
      const line = [-2, -1, 0, 1, 2].map((d) => pixels(result, i)(4, 4 + d, 0));
      expectClose(
        line,
        [-2, -1, 0, 1, 2].map((d) => (tap(d) * tap(0)) / sum ** 2),
        { absolute: 1e-6 },
      );
    }
    expect(sigmas).toContain(0);
    expect(new Set(sigmas).size).toBeGreaterThan(3);
  });
});

test("seeds: FFCV-SSL repeats its seeded augmentations every epoch", () => {
  const { scale } = { scale: randomResizedCrop() };
  const epochs = [0, 1, 2].map(
    (epoch) => drawViews([[scale]], fold(key(1), epoch), [5], [32, 32, 3])[0]![0]!,
  );
  const boxes = epochs.map(({ top, left, height, width }) =>
    [top, left, height, width].map((t) => t!.data[0]).join(),
  );
  expect(new Set(boxes).size).toBe(3);
});

test("seeds: FFCV-SSL's views depend on the place in the batch, not on the sample", () => {
  const jitter = colorJitter();
  const [first, second] = [
    [3, 14, 15],
    [92, 65, 3],
  ].map((samples) => drawMany(jitter, samples));
  for (const name of Object.keys(first!)) {
    expect(second![name]![2]).toBe(first![name]![0]);
    expect(second![name]![0]).not.toBe(first![name]![0]);
  }
});

test("corners: FFCV-SSL takes the bottom for the top", async () => {
  // Pixel (y, x) has the value 10 y + x.
  const numbered = hostTensor(
    Float32Array.from({ length: 36 }, (_, i) => 10 * Math.floor(i / 6) + (i % 6)),
    [1, 6, 6, 1],
  );
  for (const [corner, first] of [
    ["top-left", 0],
    ["top-right", 3],
    ["bottom-left", 30],
    ["bottom-right", 33],
  ] as const) {
    const { data } = await applyEagerly([cornerCrop({ corner, ratio: 0.5 })], numbered);
    expectClose(
      data,
      [0, 1, 2, 10, 11, 12, 20, 21, 22].map((place) => first + place),
    );
  }
});
