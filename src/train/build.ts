/** From the names in a configuration to the things they name. */
import type { ImageShape } from "../augment/augmentation.js";
import { createPipeline } from "../augment/create.js";
import { presetEntries } from "../augment/presets.js";
import type { AugmentationConfig } from "../augment/schema.js";
import type { Pipeline } from "../augment/views.js";
import { convnet } from "../nn/convnet.js";
import type { Layer } from "../nn/layer.js";
import { namedResnet } from "../nn/resnet.js";
import { vgg } from "../nn/vgg.js";
import { vit } from "../nn/vit.js";
import { adamw } from "../optim/adamw.js";
import { lars } from "../optim/lars.js";
import type { Optimiser } from "../optim/optimiser.js";
import { warmupCosine } from "../optim/schedule.js";
import { sgd } from "../optim/sgd.js";
import { ConfigError } from "../support/errors.js";
import type { EncoderConfig } from "./config/encoder.js";
import type { OptimiserConfig } from "./config/optimiser.js";
import type { TrainConfig } from "./config/schema.js";
import type { ViewsConfig } from "./config/views.js";
import { pathFilter } from "./paths.js";
import { withWeights } from "./weights.js";

/** @param shape [height, width, channels] of the images that reach the encoder */
export function createEncoder(config: EncoderConfig, shape: readonly number[]): Layer {
  switch (config.name) {
    case "convnet":
      return convnet(shape, config);
    case "resnet8":
      return namedResnet(config.name, shape, config);
    case "resnet18":
    case "resnet34":
    case "resnet50": {
      const layer = namedResnet(config.name, shape, config);
      return config.weights === null ? layer : withWeights(layer, config.weights);
    }
    case "vgg11":
    case "vgg16":
      return vgg(config.name, shape, config);
    case "vit":
      return vit(shape, config);
  }
}

/** @param paths of all parameters */
export function createOptimiser(config: OptimiserConfig, paths: readonly string[]): Optimiser {
  const excluded = pathFilter(config.exclude, paths, "optimiser.exclude");
  switch (config.name) {
    case "adamw":
      return adamw({ ...config, excluded });
    case "sgd":
      return sgd({ ...config, excluded });
    case "lars":
      return lars({ ...config, excluded });
  }
}

/**
 * The pipeline of each view.
 * @param shape [height, width, channels] of the images
 * @param side of the views in pixels, where the resolution changes over the epochs
 * @throws ConfigError when there are neither one nor as many as views, or a side and a pipeline without a crop
 */
export function createPipelines(views: ViewsConfig, shape: ImageShape, side?: number): Pipeline[] {
  const { preset, count } = views;
  const pipelines = views.pipelines ?? presetEntries(preset ?? "standard", count, shape);
  if (pipelines.length !== 1 && pipelines.length !== count)
    throw new ConfigError(`views.pipelines: expected 1 or ${count} (views.count), got ${pipelines.length}`);
  for (const [view, pipeline] of pipelines.entries())
    if (side !== undefined && !pipeline.some(({ name }) => name === "randomResizedCrop"))
      throw new ConfigError(
        `resolution: expected a randomResizedCrop in views.pipelines.${view}, to make images of ${side} pixels`,
      );
  const sized = (entry: AugmentationConfig): AugmentationConfig =>
    side !== undefined && entry.name === "randomResizedCrop" && entry.size === null
      ? { ...entry, size: side }
      : entry;
  return Array.from({ length: count }, (_, view) =>
    createPipeline((pipelines[view] ?? pipelines[0])!.map(sized), shape),
  );
}

/** The learning rate of each step, counted from 0. */
export function createSchedule(
  { schedule, optimiser, batch, epochs }: TrainConfig,
  stepsPerEpoch: number,
): (step: number) => number {
  const base = optimiser.lr * (schedule.scaleByBatch ? batch / 256 : 1);
  const warmupSteps = Math.round(schedule.warmupEpochs * stepsPerEpoch);
  const totalSteps = epochs * stepsPerEpoch;
  const end = schedule.name === "constant" ? 1 : schedule.end;
  return (step) => warmupCosine(step, { base, totalSteps, warmupSteps, end });
}
