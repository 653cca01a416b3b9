/** A labelled set of images in memory: bytes, NHWC, as they go to the device. */
import { DataError } from "../support/errors.js";

export interface ImageDataset {
  readonly name: string;
  /** [count, height, width, channels], row-major. */
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: readonly string[];
}

/** The first `count` samples, sharing memory. @throws DataError when there are fewer */
export function take(dataset: ImageDataset, count: number): ImageDataset {
  if (count > dataset.count)
    throw new DataError(`${dataset.name}: expected at least ${count} images, got ${dataset.count}`);
  const size = dataset.height * dataset.width * dataset.channels;
  return {
    ...dataset,
    count,
    images: dataset.images.subarray(0, count * size),
    labels: dataset.labels.subarray(0, count),
  };
}
