/** Augmentations and views: the public part. */
export {
  type Augmented,
  type AugmentOptions,
  augment,
  type DrawnDescription,
  describeDrawn,
} from "./augment.js";
export type {
  Augmentation,
  DrawnArrays,
  DrawnParameters,
  ImageShape,
  Parameters as AugmentationParameters,
  ParameterType,
  Resampling,
} from "./augmentation.js";
export { type Border, borders } from "./border.js";
export {
  type CenterCropOptions,
  type Corner,
  type CornerCropOptions,
  centerCrop,
  cornerCrop,
} from "./center-crop.js";
export type { Range as NumberRange, Size as ImageSize } from "./check.js";
export {
  brightness,
  type ColorJitterOptions,
  colorJitter,
  contrast,
  type FactorOptions,
  type Strength,
} from "./color-jitter.js";
export { createPipeline } from "./create.js";
export type { Fill } from "./fill.js";
export { type GaussianBlurOptions, gaussianBlur } from "./gaussian-blur.js";
export { type GaussianNoiseOptions, gaussianNoise } from "./gaussian-noise.js";
export { grayscale } from "./grayscale.js";
export { horizontalFlip } from "./horizontal-flip.js";
export { type MixupOptions, mixup } from "./mixup.js";
export { imagenetStatistics, type NormalizeOptions, normalize } from "./normalize.js";
export { type PadOptions, pad, type RandomCropOptions, randomCrop } from "./pad.js";
export {
  cornerTrigger,
  type PoisonOptions,
  poison,
  type ReplaceLabelOptions,
  replaceLabel,
} from "./poison.js";
export { type MultiCropOptions, multiCrop, type PresetName, presetNames, presetViews } from "./presets.js";
export { type CutoutOptions, cutout, type RandomErasingOptions, randomErasing } from "./random-erasing.js";
export { type RandomResizedCropOptions, randomResizedCrop } from "./random-resized-crop.js";
export { type RotateOptions, rotate } from "./rotate.js";
export type { AugmentationConfig, AugmentationInput } from "./schema.js";
export { type SolarizationOptions, solarization } from "./solarization.js";
export { type TranslateOptions, translate } from "./translate.js";
export {
  applyLabels,
  applyViews,
  changesLabels,
  type Drawn,
  drawViews,
  oneHot,
  type Pipeline,
  pipelineShape,
} from "./views.js";
