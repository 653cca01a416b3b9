/** Every augmentation: the same compiled and eager, repeatable from what it drew, keyed by sample and not by place. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { augment, describeDrawn } from "../../src/augment/augment.js";
import type { ImageShape } from "../../src/augment/augmentation.js";
import { presetViews } from "../../src/augment/presets.js";
import { augmentationSchema } from "../../src/augment/schema.js";
import { drawViews, pipelineShape } from "../../src/augment/views.js";
import { type HostTensor, hostTensor, sizeOf } from "../../src/engine/host.js";
import { fold, key } from "../../src/random/index.js";
import { ShapeError } from "../../src/support/errors.js";
import { expectClose } from "../support/close.js";
import { alone, fixed, names, needColour } from "./all.js";
import { applyCompiled, applyEagerly, draw, epochKey, images } from "./support.js";

/** The part of a tensor that belongs to one image of the batch. */
function row({ data, shape }: HostTensor, i: number): number[] {
  const size = sizeOf(shape.slice(1));
  return [...data.subarray(i * size, (i + 1) * size)];
}

test("the list of augmentations here is that of the configuration", () => {
  expect([...names].sort()).toEqual(augmentationSchema.options.map((o) => o.shape.name.value).sort());
});

describe.each(names)("%s", (name) => {
  const shapes: ImageShape[] = [
    [12, 10, 3],
    [12, 10, 1],
  ];
  const usable = shapes.filter(([, , channels]) => channels === 3 || name !== "grayscale");

  test.each(usable.map((shape) => [shape] as const))("compiled and eager agree for %j", async (shape) => {
    const pipeline = alone(name, shape);
    const batch = images([5, ...shape]);
    const [compiled, eager] = [await applyCompiled(pipeline, batch), await applyEagerly(pipeline, batch)];
    expect(compiled.shape).toEqual([5, ...pipelineShape(pipeline, shape)]);
    expect(eager.shape).toEqual(compiled.shape);
    expectClose(compiled.data, eager.data, { absolute: 2e-6 });
    expect(compiled.data.every((x) => Number.isFinite(x))).toBe(true);
    if (name !== "replaceLabel") expect(compiled.data).not.toEqual(batch.data);
  });

  const shape: ImageShape = [12, 10, 3];
  const pipeline = alone(name, shape);

  test("what is drawn has the types and shapes that are declared", () => {
    const [drawn] = draw(pipeline, images([3, ...shape]))[0]!;
    const declared = Object.entries(pipeline[0]!.parameters(shape));
    expect(Object.entries(drawn!).map(([key, { dtype, shape }]) => [key, dtype, shape])).toEqual(
      declared.map(([key, type]) => [key, type.dtype, [3, ...(type.shape ?? [])]]),
    );
    expect(declared.length === 0).toBe(fixed.includes(name));
  });

  test("the same parameters give the same pixels, whoever drew them", async () => {
    const batch = images([4, ...shape]);
    const drawn = draw(pipeline, batch);
    const copy = [
      drawn[0]!.map((d) =>
        Object.fromEntries(Object.entries(d).map(([k, t]) => [k, { ...t, data: t.data.slice() }])),
      ),
    ];
    expect((await applyEagerly(pipeline, batch, copy)).data).toEqual(
      (await applyEagerly(pipeline, batch, drawn)).data,
    );
    expect(draw(pipeline, batch)).toEqual(drawn);
  });

  test("alone on the host as in the compiled step", async () => {
    const batch = images([4, ...shape]);
    const { views, drawn } = await augment(batch, [pipeline], epochKey);
    const expected = (await applyCompiled(pipeline, batch)).data;
    expectClose(views[0]!.data, expected, { absolute: 2e-6 });
    const again = await augment(batch, [pipeline], epochKey, { drawn, compiled: true });
    expect(again.views[0]!.data).toEqual(expected);
    if (name === "mixup") return; // one image has nobody to be mixed with
    const size = sizeOf(shape);
    const image = hostTensor(batch.data.slice(2 * size, 3 * size), shape);
    const one = await augment(image, [pipeline], epochKey, { samples: 2 });
    expect(one.views[0]!.shape).toEqual(pipelineShape(pipeline, shape));
    expectClose(one.views[0]!.data, row(views[0]!, 2), { absolute: 2e-6 });
    expect(describeDrawn(pipeline, one.drawn[0]!)).toEqual(describeDrawn(pipeline, drawn[0]!, 2));
  });

  // Whom a sample is mixed with depends on who else is in the batch, so mixup has tests of its own.
  if (name !== "mixup")
    test("a sample's view does not depend on batch, order or workers", () => {
      const order = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 12 });
      fc.assert(
        fc.property(order, fc.nat(11), (samples, cut) => {
          const [whole] = drawViews([pipeline], epochKey, samples, shape)[0]!;
          const parts = [samples.slice(0, cut), samples.slice(cut)].filter((part) => part.length > 0);
          const apart = parts.flatMap((part) => {
            const [drawn] = drawViews([pipeline], epochKey, part, shape)[0]!;
            return part.map((_, i) => Object.entries(drawn!).map(([k, t]) => [k, row(t, i)]));
          });
          const together = samples.map((_, i) => Object.entries(whole!).map(([k, t]) => [k, row(t, i)]));
          expect(apart).toEqual(together);
          const [reversed] = drawViews([pipeline], epochKey, samples.toReversed(), shape)[0]!;
          const back = samples.map((_, i) =>
            Object.entries(reversed!).map(([k, t]) => [k, row(t, samples.length - 1 - i)]),
          );
          expect(back).toEqual(together);
        }),
        { numRuns: 20, seed: 1 },
      );
    });

  if (!fixed.includes(name) && name !== "poison" && name !== "replaceLabel")
    test("other epochs, samples, views and places in the pipeline draw other parameters", () => {
      const samples = Array.from({ length: 24 }, (_, i) => i);
      const twice = [...pipeline, ...alone(name, pipelineShape(pipeline, shape))];
      const base = drawViews([twice, twice], epochKey, samples, shape);
      const first = Object.values(base[0]![0]!)[0]!.data;
      const others = [
        drawViews([pipeline], fold(key(7), 4), samples, shape)[0]![0]!,
        drawViews([pipeline], fold(key(8), 3), samples, shape)[0]![0]!,
        drawViews(
          [pipeline],
          epochKey,
          samples.map((i) => i + 24),
          shape,
        )[0]![0]!,
        base[1]![0]!,
        base[0]![1]!,
      ];
      for (const other of others) expect(Object.values(other)[0]!.data).not.toEqual(first);
    });

  if (needColour.includes(name))
    test("grey images are a clear error", () => {
      const draws = () => draw(pipeline, images([2, 8, 8, 1]));
      expect(draws).toThrow(ShapeError);
      expect(draws).toThrow(/(colorJitter\.saturation|grayscale): expected images of 3 channels, got 1/);
    });
});

test("neighbours that only resample are applied as one, with the pixels of one after the other", async () => {
  const shape: ImageShape = [12, 10, 3];
  const chain = ["randomResizedCrop", "horizontalFlip", "randomCrop", "gaussianBlur", "centerCrop"] as const;
  const pipeline = chain.flatMap((name) => alone(name, shape));
  const batch = images([3, ...shape]);
  const drawn = draw(pipeline, batch);
  let step = batch;
  for (const [i, augmentation] of pipeline.entries())
    step = await applyEagerly([augmentation], step, [[drawn[0]![i]!]]);
  expectClose((await applyCompiled(pipeline, batch, drawn)).data, step.data, { absolute: 1e-5 });
});

test("what a key draws stays what it is: runs of older versions can be repeated", () => {
  const pipeline = (["randomResizedCrop", "horizontalFlip", "colorJitter", "gaussianBlur"] as const).flatMap(
    (name) => alone(name, [32, 32, 3]),
  );
  const drawn = drawViews([pipeline], fold(key(1), 2), [3, 4], [32, 32, 3])[0]!;
  const plain = [0, 1].map((i) =>
    describeDrawn(pipeline, drawn, i).flatMap(({ parameters }) =>
      Object.values(parameters).map((value) => Number((value as number).toFixed(5))),
    ),
  );
  expect(plain.map((values) => values.join(" "))).toMatchInlineSnapshot(`
    [
      "2 4 26 24 0 1 1 1 0 0",
      "4 4 23 24 1 1.1565 1.09681 0.84006 0.0452 1.64563",
    ]
  `);
  const [noise] = drawViews([alone("gaussianNoise", [1, 4, 1])], fold(key(1), 2), [3], [1, 4, 1])[0]!;
  expect(Array.from(noise!.noise!.data, (x) => x.toFixed(5)).join(" ")).toBe(
    "0.35333 0.44889 -0.36205 0.41389",
  );
});

test("recipes: the standard one follows channels and size; views take turns", () => {
  const named = (shape: ImageShape, count?: number) =>
    presetViews("standard", shape, count).map((view) => view.map(({ name }) => name));
  expect(named([28, 28, 1])[0]).toEqual(["randomResizedCrop", "horizontalFlip", "brightness", "contrast"]);
  expect(named([32, 32, 3])[1]).toEqual(["randomResizedCrop", "horizontalFlip", "colorJitter", "grayscale"]);
  expect(named([224, 224, 3], 3).map((view) => view.at(-1))).toEqual([
    "gaussianBlur",
    "solarization",
    "gaussianBlur",
  ]);
  expect(presetViews("noise-only", [8, 8, 3]).map((view) => view.length)).toEqual([1, 1]);
});
