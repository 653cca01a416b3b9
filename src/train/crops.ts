/**
 * Crops that are made while images are decoded (`data.crop`): the randomResizedCrop with which the pipelines of views
 * begin, and the flip after it, are taken out of the compiled step, and the loader makes them of the whole images.
 */
import type { ImageShape } from "../augment/augmentation.js";
import { presetEntries } from "../augment/presets.js";
import type { AugmentationConfig } from "../augment/schema.js";
import type { CropOptions } from "../data/crop/crop.js";
import { ConfigError } from "../support/errors.js";
import type { TrainConfig } from "./config/schema.js";
import type { ViewsConfig } from "./config/views.js";
import { copiesOf, negativesOf } from "./negatives.js";

/** Whether the crops are made while images are decoded. */
export function cropsWhileDecoding({ data }: Pick<TrainConfig, "data">): boolean {
  return (data.name === "beton" || data.name === "image-folder") && data.crop;
}

/**
 * What the loader makes of each image, and the views that are left for the step.
 * @param shape [height, width, channels] of the crops
 * @throws ConfigError when the views do not begin with one and the same crop, or parts do not go with crops of the loader
 */
export function splitCrops(
  config: TrainConfig,
  shape: ImageShape,
): { crop: CropOptions; views: ViewsConfig } {
  const { data, views, resolution, method } = config;
  const { count } = views;
  if (!("stream" in data && data.stream))
    throw new ConfigError(
      "data.crop: expected data.stream=true, for crops are made while images are decoded",
    );
  if (data.grey) throw new ConfigError("data.crop: expected images of 3 channels, got data.grey=true");
  if (resolution)
    throw new ConfigError("resolution: expected null with data.crop, whose crops have one size, data.size");
  if (copiesOf(negativesOf(method)) > 0)
    throw new ConfigError(
      "method.negatives: expected those of the batch with data.crop, whose crops are of the data's images",
    );
  const pipelines = views.pipelines ?? presetEntries(views.preset ?? "standard", count, shape);
  const parts = pipelines.map((pipeline, view) => split(pipeline, shape, `views.pipelines.${view}`));
  const [first] = parts;
  for (const [view, { crop }] of parts.entries())
    if (JSON.stringify(crop) !== JSON.stringify(first!.crop))
      throw new ConfigError(
        `views.pipelines.${view}: expected the crop and flip of the first view, ${JSON.stringify(first!.crop)}, as data.crop is on, got ${JSON.stringify(crop)}`,
      );
  return {
    crop: { ...first!.crop, views: count },
    views: { ...views, preset: null, pipelines: parts.map(({ rest }) => rest) },
  };
}

function split(
  [first, second, ...rest]: readonly AugmentationConfig[],
  [height, width]: ImageShape,
  name: string,
): { crop: CropOptions; rest: AugmentationConfig[] } {
  const fits = first?.name === "randomResizedCrop" && [null, height].includes(first.size as number | null);
  if (!fits || (first.size !== null && height !== width))
    throw new ConfigError(
      `${name}: expected a randomResizedCrop to ${height} × ${width} pixels first, as data.crop is on, got ${JSON.stringify(first ?? null)}`,
    );
  if (first.apartFrom !== undefined)
    throw new ConfigError(
      `${name}: apartFrom: expected none, as data.crop is on, whose crops are drawn one by one, got ${first.apartFrom}`,
    );
  const { scale, ratio } = first;
  const flips = second?.name === "horizontalFlip";
  const others = flips || !second ? rest : [second, ...rest];
  return { crop: { scale, ratio, flip: flips ? second.probability : 0 }, rest: others };
}
