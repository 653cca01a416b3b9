/**
 * Normalised images: where the views of a run end up normalised, its encoder knows no other images, so what evaluates or
 * exports it must normalise too. The encoder outside training is the trained one with the views' normalisation before it.
 */
import type { ImageShape } from "../augment/augmentation.js";
import { createAugmentation } from "../augment/create.js";
import { presetEntries } from "../augment/presets.js";
import type { AugmentationConfig } from "../augment/schema.js";
import { fromPlanes, toPlanes } from "../augment/views.js";
import type { tf } from "../engine/tf.js";
import type { Layer } from "../nn/layer.js";
import { ConfigError } from "../support/errors.js";
import type { ViewsConfig } from "./config/views.js";

type NormalizeConfig = Extract<AugmentationConfig, { name: "normalize" }>;

/** The normalisation that all views share; undefined when they have none. @throws ConfigError when they differ */
function sharedNormalization(views: ViewsConfig, shape: ImageShape): NormalizeConfig | undefined {
  const pipelines = views.pipelines ?? presetEntries(views.preset ?? "standard", views.count, shape);
  const each = pipelines.map((entries) => entries.filter((entry) => entry.name === "normalize"));
  if (each.some((found) => found.length > 1 || JSON.stringify(found) !== JSON.stringify(each[0])))
    throw new ConfigError(
      "views.pipelines: expected the same normalize, once, in every view or in none: evaluation normalises by it",
    );
  return each[0]![0];
}

/**
 * An encoder for images as they are in the data set.
 * @param layer the encoder that the views train @param shape [height, width, channels] of the images
 */
export function normalizedEncoder(layer: Layer, views: ViewsConfig, shape: ImageShape): Layer {
  const config = sharedNormalization(views, shape);
  if (!config) return layer;
  const augmentation = createAugmentation(config, shape);
  augmentation.outputShape(shape);
  return {
    ...layer,
    apply(variables, x, training) {
      const normalized = fromPlanes(augmentation.apply(toPlanes(x as tf.Tensor4D), {}));
      return layer.apply(variables, normalized, training);
    },
  };
}
