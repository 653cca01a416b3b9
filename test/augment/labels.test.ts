/** Augmentations that see labels or single samples: mixup, poison, replaceLabel. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { mixup } from "../../src/augment/mixup.js";
import { cornerTrigger, poison, replaceLabel } from "../../src/augment/poison.js";
import { applyLabels, changesLabels, drawViews } from "../../src/augment/views.js";
import { hostTensor } from "../../src/engine/host.js";
import { jit, oneHot, type tf } from "../../src/index.js";
import { expectClose } from "../support/close.js";
import { applyCompiled, draw, epochKey, images, labelsOf } from "./support.js";

const classes = 5;
const labels = hostTensor(
  Float32Array.from({ length: 4 * classes }, (_, i) => (i % classes === Math.floor(i / classes) ? 1 : 0)),
  [4, classes],
);

test("mixup mixes images and labels with the same partner by the same weight", async () => {
  const batch = images([4, 3, 3, 1]);
  const pipeline = [mixup({ alpha: 1 })];
  const drawn = draw(pipeline, batch);
  const { weight, partner } = drawn[0]![0]!;
  const mixed = await applyCompiled(pipeline, batch, drawn);
  const mixedLabels = await labelsOf(pipeline, labels, drawn);
  for (let i = 0; i < 4; i++) {
    const [w, other] = [weight!.data[i]!, partner!.data[i]!];
    expect(other).not.toBe(i);
    for (let p = 0; p < 9; p++)
      expect(mixed.data[9 * i + p]).toBeCloseTo(
        w * batch.data[9 * i + p]! + (1 - w) * batch.data[9 * other + p]!,
        5,
      );
    const expected = Array.from({ length: classes }, (_, c) => (c === i ? w : c === other ? 1 - w : 0));
    expectClose(mixedLabels.data.subarray(classes * i, classes * (i + 1)), expected);
  }
});

test("mixup's partners make one ring, which does not depend on the order of the batch", () => {
  const pipeline = [mixup()];
  const batches = fc.uniqueArray(fc.nat(10_000), { minLength: 2, maxLength: 30 });
  const partners = (samples: number[]): Map<number, string> => {
    const { partner, weight } = drawViews([pipeline], epochKey, samples, [2, 2, 1])[0]![0]!;
    return new Map(samples.map((sample, i) => [sample, `${samples[partner!.data[i]!]} ${weight!.data[i]}`]));
  };
  fc.assert(
    fc.property(batches, fc.nat(), (samples, turn) => {
      const cut = turn % samples.length;
      const found = partners(samples);
      expect(partners([...samples.slice(cut), ...samples.slice(0, cut)])).toEqual(found);
      const others = [...found.values()].map((text) => Number(text.split(" ")[0]));
      expect(others.sort()).toEqual([...samples].sort());
    }),
    { seed: 2 },
  );
});

test("mixup's weight has the distribution Beta(alpha, alpha), or is one for all", () => {
  const samples = Array.from({ length: 4000 }, (_, i) => i);
  for (const alpha of [0.05, 0.4, 2]) {
    const { weight } = drawViews([[mixup({ alpha })]], epochKey, samples, [1, 1, 1])[0]![0]!;
    const values = [...weight!.data];
    const mean = values.reduce((a, b) => a + b) / 4000;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 4000;
    expect(values.every((w) => w >= 0 && w <= 1)).toBe(true);
    // The variance of Beta(a, a) is 1 / (4 (2a + 1)).
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.01);
  }
  const same = drawViews([[mixup({ sameWeight: true })]], epochKey, samples, [1, 1, 1])[0]![0]!;
  expect(new Set(same.weight!.data).size).toBe(1);
});

test("poison lays its mask over the chosen samples and no others, and keeps to its range", async () => {
  const shape = [2, 5, 4, 3];
  const batch = images(shape);
  const mask = images([5, 4, 3], 9);
  const opacity = images([5, 4], 10);
  const pipeline = [poison({ mask, opacity, samples: [17], clamp: [0.2, 0.8] })];
  const result = await applyCompiled(pipeline, batch, draw(pipeline, batch, [16, 17]));
  expect(result.data.subarray(0, 60)).toEqual(batch.data.subarray(0, 60));
  const expected = Array.from({ length: 60 }, (_, i) => {
    const share = opacity.data[Math.floor(i / 3)]!;
    return Math.min(0.8, Math.max(0.2, batch.data[60 + i]! * (1 - share) + mask.data[i]! * share));
  });
  expectClose(result.data.subarray(60), expected, { absolute: 1e-6 });
});

test("the trigger is a checkerboard in the corner", () => {
  const { mask, opacity } = cornerTrigger([4, 5, 3], 2);
  const places = (data: ArrayLike<number>) => Array.from(data).flatMap((value, i) => (value ? [i] : []));
  expect(places(mask.data)).toEqual([13, 19]);
  expect(places(opacity.data)).toEqual([13, 14, 18, 19]);
});

test("replaceLabel gives the chosen samples another label, and leaves images", async () => {
  const pipeline = [replaceLabel({ samples: [11, 13, 99], label: 4 })];
  const batch = images([4, 2, 2, 1]);
  const drawn = draw(pipeline, batch, [10, 11, 12, 13]);
  const result = await labelsOf(pipeline, labels, drawn);
  expect([...result.data]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  expect((await applyCompiled(pipeline, batch, drawn)).data).toEqual(batch.data);
  await expect(labelsOf([replaceLabel({ samples: [], label: 5 })], labels, drawn)).rejects.toThrow(
    "replaceLabel.label: expected a class below 5, got 5",
  );
});

test("labels change inside a compiled step too", async () => {
  const pipeline = [replaceLabel({ samples: [1], label: 0 }), mixup({ alpha: 1 })];
  expect(changesLabels([pipeline])).toBe(true);
  expect(changesLabels([[poison({ mask: images([2, 2, 1]), samples: [] })]])).toBe(false);
  const drawn = draw(pipeline, images([4, 2, 2, 1]));
  const run = jit(
    (classOf: tf.Tensor1D, d: typeof drawn) =>
      applyLabels([pipeline], oneHot(classOf, classes), d as never)[0]!,
  );
  const compiled = await (await run(hostTensor(Int32Array.of(0, 1, 2, 3), [4]), drawn)).host();
  await run.dispose();
  expectClose(compiled.data, (await labelsOf(pipeline, labels, drawn)).data);
});
