/**
 * Recipes: the pipelines of views that have a name. A preset is plain data, the same that a configuration holds, so it
 * can be printed, copied and changed.
 */
import type { ImageShape } from "./augmentation.js";
import { createPipeline } from "./create.js";
import { type AugmentationConfig, type AugmentationInput, augmentationSchema } from "./schema.js";
import type { Pipeline } from "./views.js";

type Recipe = readonly (readonly AugmentationInput[])[];

const cropAndFlip: readonly AugmentationInput[] = [{ name: "randomResizedCrop" }, { name: "horizontalFlip" }];
const colours: readonly AugmentationInput[] = [
  { name: "colorJitter", brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, probability: 0.8 },
  { name: "grayscale", probability: 0.2 },
];

/** Each recipe's views; where there are more views than pipelines, these take turns. */
const recipes = {
  // FFCV-SSL, examples/train_ssl.py: the first view is blurred always, the second solarised sometimes.
  colour: [
    [...cropAndFlip, ...colours, { name: "gaussianBlur", kernel: [9, 5], sigma: [0.1, 2], probability: 1 }],
    [...cropAndFlip, ...colours, { name: "solarization", probability: 0.2 }],
  ],
  // SimCLR (Chen et al. 2020, arXiv 2002.05709), appendix B.9, for CIFAR-10: jitter of half the strength, and no blur.
  "colour-small": [
    [
      ...cropAndFlip,
      { name: "colorJitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 },
      { name: "grayscale", probability: 0.2 },
    ],
  ],
  // A small grey image loses its class in a crop of 8 %: at least 30 % of the area stays.
  grey: [
    [
      { name: "randomResizedCrop", scale: [0.3, 1] },
      { name: "horizontalFlip" },
      { name: "brightness", strength: 0.4, probability: 0.8 },
      { name: "contrast", strength: 0.4, probability: 0.8 },
    ],
  ],
  "noise-only": [[{ name: "gaussianNoise", sigma: 0.5 }]],
} satisfies { readonly [name: string]: Recipe };

/** A recipe with pipelines of its own; `standard` stands for one of them. */
export type RecipeName = keyof typeof recipes;
/** All recipes of views. */
export const presetNames = ["standard", "colour", "colour-small", "grey", "noise-only"] as const;
/** The name of a recipe of views. */
export type PresetName = (typeof presetNames)[number];

/** The recipe that `standard` stands for: `grey` without colours, else `colour`, or `colour-small` below 64 pixels. */
export function standardPreset([height, width, channels]: ImageShape): RecipeName {
  if (channels !== 3) return "grey";
  return Math.min(height, width) < 64 ? "colour-small" : "colour";
}

/**
 * The augmentations of `count` views, as a configuration has them.
 * @param shape [height, width, channels] of the images, to know what `standard` stands for
 */
export function presetEntries(name: PresetName, count: number, shape: ImageShape): AugmentationConfig[][] {
  const views: Recipe = recipes[name === "standard" ? standardPreset(shape) : name];
  return Array.from({ length: count }, (_, view) =>
    views[view % views.length]!.map((entry) => augmentationSchema.parse(entry)),
  );
}

/** The pipelines of `count` views of a recipe. @param shape [height, width, channels] of the images */
export function presetViews(name: PresetName, shape: ImageShape, count = 2): Pipeline[] {
  return presetEntries(name, count, shape).map((entries) => createPipeline(entries, shape));
}

/** Options of `multiCrop`. */
export interface MultiCropOptions {
  /** Number, side in pixels and share of the area of the large views. */
  readonly global: {
    readonly count: number;
    readonly size: number;
    readonly scale?: readonly [number, number];
  };
  /** The same of the small ones. */
  readonly local: {
    readonly count: number;
    readonly size: number;
    readonly scale?: readonly [number, number];
  };
  /** What follows the crop in every view; a flip by default. */
  readonly then?: readonly AugmentationInput[];
}

/**
 * Multi-crop (Caron et al. 2020, SwAV, arXiv 2006.09882): a few large views and more small ones, each with its own size.
 * The large ones come first; by default they keep 14 % of the area or more, the small ones less.
 */
export function multiCrop(
  shape: ImageShape,
  { global, local, then = [{ name: "horizontalFlip" }] }: MultiCropOptions,
): Pipeline[] {
  const views = (part: MultiCropOptions["global"], [low, high]: readonly [number, number]): Pipeline[] =>
    Array.from({ length: part.count }, () =>
      createPipeline(
        [
          {
            name: "randomResizedCrop",
            size: part.size,
            scale: [part.scale?.[0] ?? low, part.scale?.[1] ?? high],
          },
          ...then,
        ],
        shape,
      ),
    );
  return [...views(global, [0.14, 1]), ...views(local, [0.05, 0.14])];
}
