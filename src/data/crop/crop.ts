/**
 * Random resized crops made while images are decoded: of the whole image, at its full size, where the views of the
 * compiled step only see what it was resized to. What is drawn is what the augmentations of the same names draw first
 * and second in a pipeline: a function of (seed, epoch, sample, view, operation), whatever the batch or the workers.
 */
import { horizontalFlip } from "../../augment/horizontal-flip.js";
import { type RandomResizedCropOptions, randomResizedCrop } from "../../augment/random-resized-crop.js";
import { fold, type Key, Stream } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import type { BoxResizer } from "./resizer.js";

/** Random resized crops that the loader makes of whole images. */
export interface CropOptions extends Pick<RandomResizedCropOptions, "scale" | "ratio"> {
  /** Crops of each image; 1 by default. */
  readonly views?: number | undefined;
  /** The probability that a crop is mirrored left to right; 0.5 by default. */
  readonly flip?: number | undefined;
}

/** Makes the crops of the image that a resizer holds: uint8 [views, height, width, 3] to `out` from `start` on. */
export type Cropper = (
  image: BoxResizer,
  epochKey: Key,
  sample: number,
  out: Uint8Array,
  start: number,
) => void;

/** @param size height and width of the crops @throws DataError, ConfigError when an option is out of range */
export function cropper(
  { views = 1, scale, ratio, flip }: CropOptions,
  size: readonly [number, number],
): Cropper {
  if (!Number.isInteger(views) || views < 1)
    throw new DataError(`crop: views: expected 1 or more, got ${views}`);
  const crop = randomResizedCrop({ scale, ratio });
  const mirror = horizontalFlip({ probability: flip });
  const stream = new Stream();
  const box = {
    top: new Int32Array(1),
    left: new Int32Array(1),
    height: new Int32Array(1),
    width: new Int32Array(1),
  };
  const flipped = new Int32Array(1);
  return (image, epochKey, sample, out, start) => {
    const shape = [image.height, image.width, 3] as const;
    const sampleKey = fold(epochKey, sample);
    for (let view = 0; view < views; view++) {
      const viewKey = fold(sampleKey, view);
      crop.draw(stream.start(fold(viewKey, 0)), box, 0, shape, sample);
      mirror.draw(stream.start(fold(viewKey, 1)), { flipped }, 0, shape, sample);
      const [top, left] = [box.top[0]!, box.left[0]!];
      image.resize(
        { top, left, height: box.height[0]!, width: box.width[0]! },
        size,
        flipped[0] === 1,
        out,
        start + view * 3 * size[0] * size[1],
      );
    }
  };
}
