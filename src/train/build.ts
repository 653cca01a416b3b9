/** From the names in a configuration to the things they name. */
import type { Augmentation } from "../augment/augmentation.js";
import { brightness, contrast } from "../augment/color-jitter.js";
import { gaussianNoise } from "../augment/gaussian-noise.js";
import { horizontalFlip } from "../augment/horizontal-flip.js";
import { randomResizedCrop } from "../augment/random-resized-crop.js";
import { convnet } from "../nn/convnet.js";
import type { Layer } from "../nn/layer.js";
import { namedResnet } from "../nn/resnet.js";
import { adamw } from "../optim/adamw.js";
import { lars } from "../optim/lars.js";
import type { Optimiser } from "../optim/optimiser.js";
import { warmupCosine } from "../optim/schedule.js";
import { sgd } from "../optim/sgd.js";
import { ConfigError } from "../support/errors.js";
import type { EncoderConfig } from "./config/encoder.js";
import type { OptimiserConfig } from "./config/optimiser.js";
import type { TrainConfig } from "./config/schema.js";
import type { AugmentationConfig, ViewsConfig } from "./config/views.js";

/** @param shape [height, width, channels] of the images that reach the encoder */
export function createEncoder(config: EncoderConfig, shape: readonly number[]): Layer {
  switch (config.name) {
    case "convnet":
      return convnet(shape, config);
    case "resnet8":
    case "resnet18":
      return namedResnet(config.name, shape, config);
  }
}

export function createOptimiser(config: OptimiserConfig): Optimiser {
  switch (config.name) {
    case "adamw":
      return adamw(config);
    case "sgd":
      return sgd(config);
    case "lars":
      return lars(config);
  }
}

function createAugmentation(config: AugmentationConfig): Augmentation {
  switch (config.name) {
    case "randomResizedCrop":
      return randomResizedCrop(config);
    case "horizontalFlip":
      return horizontalFlip(config);
    case "brightness":
      return brightness(config);
    case "contrast":
      return contrast(config);
    case "gaussianNoise":
      return gaussianNoise(config);
  }
}

/** The pipeline of each view. @throws ConfigError when there are neither one nor as many as views */
export function createPipelines({ count, pipelines }: ViewsConfig): Augmentation[][] {
  if (pipelines.length !== 1 && pipelines.length !== count)
    throw new ConfigError(`views.pipelines: expected 1 or ${count} (views.count), got ${pipelines.length}`);
  return Array.from({ length: count }, (_, view) =>
    (pipelines[view] ?? pipelines[0])!.map(createAugmentation),
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
