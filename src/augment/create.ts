/** From an augmentation's name and options to the augmentation. */
import type { Augmentation, ImageShape } from "./augmentation.js";
import { centerCrop, cornerCrop } from "./center-crop.js";
import { brightness, colorJitter, contrast } from "./color-jitter.js";
import { gaussianBlur } from "./gaussian-blur.js";
import { gaussianNoise } from "./gaussian-noise.js";
import { grayscale } from "./grayscale.js";
import { horizontalFlip } from "./horizontal-flip.js";
import { mixup } from "./mixup.js";
import { normalize } from "./normalize.js";
import { pad, randomCrop } from "./pad.js";
import { cornerTrigger, poison, replaceLabel } from "./poison.js";
import { cutout, randomErasing } from "./random-erasing.js";
import { randomResizedCrop } from "./random-resized-crop.js";
import { rotate } from "./rotate.js";
import { type AugmentationConfig, type AugmentationInput, augmentationSchema } from "./schema.js";
import { solarization } from "./solarization.js";
import { translate } from "./translate.js";
import type { Pipeline } from "./views.js";

/**
 * The augmentation of a configuration's entry.
 * @param shape [height, width, channels] of the images that reach it
 * @throws ConfigError or ShapeError when an option is out of range or does not fit such images
 */
export function createAugmentation(config: AugmentationConfig, shape: ImageShape): Augmentation {
  switch (config.name) {
    case "randomResizedCrop":
      return randomResizedCrop({ ...config, size: config.size ?? undefined });
    case "randomCrop":
      return randomCrop({ ...config, size: config.size ?? undefined });
    case "centerCrop":
      return centerCrop({ ...config, size: config.size ?? undefined });
    case "cornerCrop":
      return cornerCrop({ ...config, size: config.size ?? undefined });
    case "pad":
      return pad({ ...config, padding: config.padding as number | [number, number, number, number] });
    case "horizontalFlip":
      return horizontalFlip(config);
    case "translate":
      return translate(config);
    case "rotate":
      return rotate(config);
    case "colorJitter":
      return colorJitter(config);
    case "brightness":
      return brightness(config);
    case "contrast":
      return contrast(config);
    case "grayscale":
      return grayscale(config);
    case "solarization":
      return solarization(config);
    case "gaussianBlur":
      return gaussianBlur(config);
    case "gaussianNoise":
      return gaussianNoise(config);
    case "randomErasing":
      return randomErasing(config);
    case "cutout":
      return cutout(config);
    case "mixup":
      return mixup(config);
    case "poison":
      return poison({ ...cornerTrigger(shape, config.trigger, config.opacity), samples: config.samples });
    case "replaceLabel":
      return replaceLabel(config);
    case "normalize":
      return normalize(config);
    default:
      return config satisfies never;
  }
}

/** The pipeline of a list of entries; options that are left out get their defaults. */
export function createPipeline(entries: readonly AugmentationInput[], shape: ImageShape): Pipeline {
  let now = shape;
  return entries.map((entry) => {
    const augmentation = createAugmentation(augmentationSchema.parse(entry), now);
    now = augmentation.outputShape(now);
    return augmentation;
  });
}
