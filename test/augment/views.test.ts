/** Views: keyed by sample and not by place, repeatable, and the same compiled and eager. */
import { describe, expect, test } from "vitest";
import type { Augmentation } from "../../src/augment/augmentation.js";
import { brightness, colorJitter, contrast } from "../../src/augment/color-jitter.js";
import { gaussianNoise } from "../../src/augment/gaussian-noise.js";
import { horizontalFlip } from "../../src/augment/horizontal-flip.js";
import { randomResizedCrop } from "../../src/augment/random-resized-crop.js";
import { expectClose } from "../support/close.js";
import { applyCompiled, applyEagerly, images } from "./support.js";

const pipelines: { readonly [name: string]: readonly Augmentation[] } = {
  crop: [randomResizedCrop()],
  "crop and flip": [randomResizedCrop({ size: 9 }), horizontalFlip()],
  brightness: [brightness()],
  contrast: [contrast()],
  "colour jitter": [colorJitter()],
  noise: [gaussianNoise()],
};

describe.each(Object.entries(pipelines))("%s", (_, pipeline) => {
  test("compiled and eager agree", async () => {
    const batch = images([4, 12, 10, 3]);
    const [compiled, eager] = [await applyCompiled(pipeline, batch), await applyEagerly(pipeline, batch)];
    expect(compiled.shape).toEqual(eager.shape);
    expectClose(compiled.data, eager.data, { absolute: 2e-6 });
  });
});
