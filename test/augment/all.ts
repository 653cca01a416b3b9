/** Every augmentation by its name in a configuration, with options under which it does something in small images. */
import type { ImageShape } from "../../src/augment/augmentation.js";
import { createPipeline } from "../../src/augment/create.js";
import type { AugmentationInput } from "../../src/augment/schema.js";
import type { Pipeline } from "../../src/augment/views.js";

const entries: {
  readonly [Name in AugmentationInput["name"]]: Omit<Extract<AugmentationInput, { name: Name }>, "name">;
} = {
  randomResizedCrop: { size: [9, 7] },
  randomCrop: { padding: 3, border: "reflect" },
  centerCrop: { ratio: 0.7, size: 6 },
  cornerCrop: { corner: "bottom-right", ratio: 0.5 },
  pad: { padding: [1, 2, 0, 3], fill: 0.3 },
  horizontalFlip: {},
  translate: {},
  rotate: { degrees: 40 },
  colorJitter: {},
  brightness: {},
  contrast: {},
  grayscale: { probability: 0.5 },
  solarization: { probability: 0.5 },
  gaussianBlur: { kernel: [5, 3] },
  gaussianNoise: { sigma: [0.1, 0.5] },
  randomErasing: {},
  cutout: { size: 3 },
  mixup: { alpha: 1 },
  poison: { samples: [1, 3], trigger: 2, opacity: 0.7 },
  replaceLabel: { samples: [0, 2], label: 4 },
  normalize: {},
};

/** Those that want red, green and blue with the options above. */
export const needColour: readonly string[] = ["colorJitter", "grayscale"];

/** Those that draw nothing. */
export const fixed: readonly string[] = ["centerCrop", "cornerCrop", "pad", "normalize"];

export const names = Object.keys(entries) as AugmentationInput["name"][];

/** The augmentation of a name, alone in a pipeline; of a colour jitter for grey images, what is left of it. */
export function alone(name: AugmentationInput["name"], shape: ImageShape): Pipeline {
  const grey = name === "colorJitter" && shape[2] === 1 ? { saturation: 0, hue: 0 } : {};
  return createPipeline([{ name, ...entries[name], ...grey } as AugmentationInput], shape);
}
