/**
 * Against torchvision (fixtures/write_torchvision.py): the same parameters give the same pixels, to 2e-5, for colour and
 * for grey images, wherever the meaning is the same.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Augmentation } from "../../src/augment/augmentation.js";
import { centerCrop } from "../../src/augment/center-crop.js";
import { brightness, colorJitter, contrast } from "../../src/augment/color-jitter.js";
import { gaussianBlur } from "../../src/augment/gaussian-blur.js";
import { grayscale } from "../../src/augment/grayscale.js";
import { horizontalFlip } from "../../src/augment/horizontal-flip.js";
import { normalize } from "../../src/augment/normalize.js";
import { pad, randomCrop } from "../../src/augment/pad.js";
import { randomErasing } from "../../src/augment/random-erasing.js";
import { randomResizedCrop } from "../../src/augment/random-resized-crop.js";
import { rotate } from "../../src/augment/rotate.js";
import { solarization } from "../../src/augment/solarization.js";
import { type HostTensor, hostTensor, packageRoot } from "../../src/index.js";
import { readSafeTensors } from "../../src/train/safetensors.js";
import { expectClose } from "../support/close.js";
import { applyCompiled, applyEagerly } from "./support.js";

const path = join(packageRoot, "test/augment/fixtures/torchvision.safetensors");
const { tensors } = readSafeTensors(path);
const padding = [1, 2, 3, 4] as const; // top, right, bottom, left
const only = { brightness: 0, contrast: 0, saturation: 0, hue: 0 };

const cases: { readonly [name: string]: Augmentation } = {
  resizedCrop: randomResizedCrop({ size: [7, 8] }),
  resizedCropUp: randomResizedCrop({ size: [14, 16] }),
  centerCrop: centerCrop({ ratio: 5 / 9 }),
  pad: pad({ padding, fill: 0.25 }),
  "pad-edge": pad({ padding, border: "edge" }),
  "pad-reflect": pad({ padding, border: "reflect" }),
  "pad-symmetric": pad({ padding, border: "symmetric" }),
  randomCrop: randomCrop({ padding: 4 }),
  horizontalFlip: horizontalFlip(),
  brightness: brightness(),
  contrast: contrast(),
  saturation: colorJitter({ ...only, saturation: 0.9 }),
  hue: colorJitter({ ...only, hue: 0.5 }),
  hueFar: colorJitter({ ...only, hue: 0.5 }),
  colorJitter: colorJitter(),
  grayscale: grayscale(),
  solarization: solarization(),
  gaussianBlur: gaussianBlur({ kernel: [9, 5] }),
  "rotate-nearest": rotate({ interpolation: "nearest" }),
  "rotate-bilinear": rotate(),
  rotateFill: rotate({ interpolation: "nearest", fill: 0.5 }),
  randomErasing: randomErasing({ fill: 0.5 }),
  normalize: normalize({ mean: 0.5, deviation: 0.25 }),
};
const needColour = ["saturation", "hue", "hueFar", "colorJitter", "grayscale"];

/** The first channel alone. */
function grey({ data, shape }: HostTensor): HostTensor {
  const channels = shape[3]!;
  return hostTensor(
    Float32Array.from({ length: data.length / channels }, (_, i) => data[i * channels]!),
    [...shape.slice(0, 3), 1],
  );
}

test("the fixture holds these cases and no others", () => {
  const names = [...tensors.keys()].filter((name) => !name.includes("/") && name !== "images");
  expect(names.sort()).toEqual(Object.keys(cases).sort());
});

describe.each(Object.entries(cases))("%s", (name, augmentation) => {
  const colour = tensors.get("images")!;
  const { parameters } = augmentation;
  const drawn = Object.fromEntries(
    Object.keys(parameters([9, 11, 3])).map((key) => [key, tensors.get(`${name}/${key}`)!]),
  );

  test("colour", async () => {
    const expected = tensors.get(name)!;
    for (const apply of [applyEagerly, applyCompiled]) {
      const result = await apply([augmentation], colour, [[drawn]]);
      expect(result.shape).toEqual(expected.shape);
      expectClose(result.data, expected.data, { absolute: 2e-5, relative: 0 });
    }
  });

  if (needColour.includes(name)) return;
  test("grey", async () => {
    const expected = tensors.get(`${name}/grey`)!;
    const result = await applyCompiled([augmentation], grey(colour), [[drawn]]);
    expect(result.shape).toEqual(expected.shape);
    expectClose(result.data, expected.data, { absolute: 2e-5, relative: 0 });
  });
});
