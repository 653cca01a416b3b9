/** Crops that do not overlap an earlier view's: FFCV-SSL draws them from a second seed, and only squares. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { centerCrop } from "../../src/augment/center-crop.js";
import { createPipeline } from "../../src/augment/create.js";
import { horizontalFlip } from "../../src/augment/horizontal-flip.js";
import { type RandomResizedCropOptions, randomResizedCrop } from "../../src/augment/random-resized-crop.js";
import { type Drawn, drawViews, type Pipeline } from "../../src/augment/views.js";
import type { HostTensor } from "../../src/engine/host.js";
import { key } from "../../src/random/index.js";
import { trainConfigSchema } from "../../src/train/config/schema.js";
import { splitCrops } from "../../src/train/crops.js";

const samples = Array.from({ length: 64 }, (_, i) => i);

interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

const boxesOf = (drawn: Drawn<HostTensor>, view: number): Box[] =>
  samples.map((i) => {
    const at = (name: string): number => drawn[view]![0]![name]!.data[i]! as number;
    return { top: at("top"), left: at("left"), height: at("height"), width: at("width") };
  });

const overlap = (a: Box, b: Box): boolean =>
  a.top < b.top + b.height &&
  b.top < a.top + a.height &&
  a.left < b.left + b.width &&
  b.left < a.left + a.width;

const pair = (first: RandomResizedCropOptions, second: RandomResizedCropOptions = {}): Pipeline[] => [
  [randomResizedCrop(first), horizontalFlip()],
  [randomResizedCrop({ ...second, apartFrom: 0 }), horizontalFlip()],
];

test("they lie within the image and beside the other crop, which is drawn as ever", () => {
  fc.assert(
    fc.property(
      fc.record({
        height: fc.integer({ min: 1, max: 40 }),
        width: fc.integer({ min: 1, max: 40 }),
        most: fc.double({ min: 0.05, max: 1, noNaN: true }),
        seed: fc.nat(),
      }),
      ({ height, width, most, seed }) => {
        const scale = [0.02, most] as const;
        const drawn = drawViews(pair({ scale }, { scale }), key(seed), samples, [height, width, 3]);
        const [firsts, seconds] = [boxesOf(drawn, 0), boxesOf(drawn, 1)];
        const alone = drawViews([[randomResizedCrop({ scale })]], key(seed), samples, [height, width, 3]);
        expect(firsts).toEqual(boxesOf(alone, 0));
        for (const [i, box] of seconds.entries()) {
          expect(Math.min(box.top, box.left)).toBeGreaterThanOrEqual(0);
          expect(Math.min(box.height, box.width)).toBeGreaterThanOrEqual(1);
          expect(box.top + box.height).toBeLessThanOrEqual(height);
          expect(box.left + box.width).toBeLessThanOrEqual(width);
          const { height: h, width: w } = firsts[i]!;
          expect(overlap(firsts[i]!, box)).toBe(h === height && w === width);
        }
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});

test("their shapes are those of other crops, and they come to lie on every side", () => {
  const scale = [0.05, 0.1] as const;
  const drawn = drawViews(pair({ scale: [0.1, 0.2] }, { scale }), key(5), samples, [100, 100, 3]);
  const [firsts, seconds] = [boxesOf(drawn, 0), boxesOf(drawn, 1)];
  const sides = new Set<string>();
  for (const [i, box] of seconds.entries()) {
    const other = firsts[i]!;
    const share = (box.height * box.width) / 10_000;
    expect(share).toBeGreaterThan(scale[0] * 0.9);
    expect(share).toBeLessThan(scale[1] * 1.1);
    expect(box.width / box.height).toBeGreaterThan(0.7);
    expect(box.width / box.height).toBeLessThan(1.43);
    if (box.top + box.height <= other.top) sides.add("above");
    if (box.top >= other.top + other.height) sides.add("below");
    if (box.left + box.width <= other.left) sides.add("left");
    if (box.left >= other.left + other.width) sides.add("right");
  }
  expect([...sides].sort()).toEqual(["above", "below", "left", "right"]);
  expect(new Set(seconds.map(({ height, width }) => height === width)).has(false)).toBe(true);
});

test("a sample gets the same crop in whatever batch it comes", () => {
  const pipelines = pair({ scale: [0.1, 0.5] });
  const whole = drawViews(pipelines, key(2), samples, [32, 32, 3]);
  for (const sample of [0, 17, 63]) {
    const single = drawViews(pipelines, key(2), [sample], [32, 32, 3]);
    for (const name of ["top", "left", "height", "width"])
      expect(single[1]![0]![name]!.data[0]).toBe(whole[1]![0]![name]!.data[sample]);
  }
});

test("a configuration names them", () => {
  const scale: [number, number] = [0.1, 0.3];
  const entry = { name: "randomResizedCrop" as const, scale };
  const shape = [24, 24, 1] as const;
  const named = [entry, { ...entry, apartFrom: 0 }].map((one) => createPipeline([one], shape));
  const made = pair({ scale }, { scale }).map(([crop]) => [crop!]);
  expect(drawViews(named, key(3), samples, shape)).toEqual(drawViews(made, key(3), samples, shape));
});

test("where there is no such crop, that is said", () => {
  const crop = (apartFrom?: number) => randomResizedCrop({ apartFrom });
  const expected = /randomResizedCrop: apartFrom: expected to stand first in its view, and .* got \d/;
  for (const pipelines of [
    [[crop(0)]],
    [[crop()], [crop(1)]],
    [[horizontalFlip()], [crop(0)]],
    [[centerCrop()], [crop(0)]],
    [[crop()], [horizontalFlip(), crop(0)]],
  ])
    expect(() => drawViews(pipelines, key(1), samples, [8, 8, 3])).toThrow(expected);
  const entry = { name: "randomResizedCrop" } as const;
  const config = trainConfigSchema.parse({
    data: { name: "image-folder", folder: "x", size: 8, stream: true, crop: true },
    views: { pipelines: [[entry], [{ ...entry, apartFrom: 0 }]] },
  });
  expect(() => splitCrops(config, [8, 8, 3])).toThrow(
    "views.pipelines.1: apartFrom: expected none, as data.crop is on, whose crops are drawn one by one, got 0",
  );
});
