/**
 * Random resized crops made while images are decoded: of the whole image, at its full size, where the views of the
 * compiled step only see what it was resized to. What is drawn is what the augmentations of the same names draw first
 * and second in a pipeline: a function of (seed, epoch, sample, view, operation), whatever the batch or the workers.
 */

import type { Box } from "../../augment/box.js";
import { horizontalFlip } from "../../augment/horizontal-flip.js";
import { type RandomResizedCropOptions, randomResizedCrop } from "../../augment/random-resized-crop.js";
import { fold, type Key, Stream } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import type { ImageSize } from "../jpeg-size.js";

/** Random resized crops that the loader makes of whole images. */
export interface CropOptions extends Pick<RandomResizedCropOptions, "scale" | "ratio"> {
  /** Crops of each image; 1 by default. */
  readonly views?: number | undefined;
  /** The probability that a crop is mirrored left to right; 0.5 by default. */
  readonly flip?: number | undefined;
}

/** A crop: a box of the image, to be resized. */
export interface Crop {
  readonly box: Box;
  /** Whether it is mirrored left to right. */
  readonly flipped: boolean;
}

/** The crops of an image of some size, one a view. */
export type Cropper = (size: ImageSize, epochKey: Key, sample: number) => Crop[];

/** Draws crops. @throws DataError, ConfigError when an option is out of range */
export function cropper({ views = 1, scale, ratio, flip }: CropOptions): Cropper {
  if (!Number.isInteger(views) || views < 1)
    throw new DataError(`crop: views: expected 1 or more, got ${views}`);
  const crop = randomResizedCrop({ scale, ratio });
  const mirror = horizontalFlip({ probability: flip });
  const stream = new Stream();
  const drawn = {
    top: new Int32Array(1),
    left: new Int32Array(1),
    height: new Int32Array(1),
    width: new Int32Array(1),
  };
  const flipped = new Int32Array(1);
  return ({ height, width }, epochKey, sample) => {
    const shape = [height, width, 3] as const;
    const sampleKey = fold(epochKey, sample);
    return Array.from({ length: views }, (_, view) => {
      const viewKey = fold(sampleKey, view);
      crop.draw(stream.start(fold(viewKey, 0)), drawn, 0, shape, sample);
      mirror.draw(stream.start(fold(viewKey, 1)), { flipped }, 0, shape, sample);
      const box = {
        top: drawn.top[0]!,
        left: drawn.left[0]!,
        height: drawn.height[0]!,
        width: drawn.width[0]!,
      };
      return { box, flipped: flipped[0] === 1 };
    });
  };
}
