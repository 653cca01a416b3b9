/** Normalisation: (pixel − mean) / deviation, channel by channel. It draws nothing. */
import { tf } from "../engine/tf.js";
import { ConfigError } from "../support/errors.js";
import { type Augmentation, drawsNothing, type ImageShape } from "./augmentation.js";
import { type Fill, perChannel } from "./fill.js";

/** Options of `normalize`, one number a channel. */
export interface NormalizeOptions {
  /** For pixels in 0 … 1: one for all channels, or one each. */
  readonly mean: Fill;
  /** Standard deviation: one for all channels, or one each. */
  readonly deviation: Fill;
}

/** ImageNet's, as torchvision's models expect them. */
export const imagenetStatistics: NormalizeOptions = {
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
};

/** Takes each channel's mean off and divides by its deviation. It draws nothing. */
export function normalize({ mean, deviation }: NormalizeOptions): Augmentation {
  if ([deviation].flat().some((value) => !(value > 0)))
    throw new ConfigError(`normalize.deviation: expected numbers above 0, got ${[deviation].flat()}`);
  return {
    name: "normalize",
    ...drawsNothing,
    outputShape(shape: ImageShape) {
      for (const [name, values] of Object.entries({ mean, deviation }))
        if (typeof values !== "number" && values.length !== 1 && values.length !== shape[2])
          throw new ConfigError(
            `normalize.${name}: expected one number or ${shape[2]}, one a channel, got ${values.length}`,
          );
      return shape;
    },
    apply(images) {
      const channels = images.shape[1];
      const centred = tf.sub(images, perChannel("normalize.mean", mean, channels));
      return tf.div(centred, perChannel("normalize.deviation", deviation, channels));
    },
  };
}
