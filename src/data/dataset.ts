/** A labelled set of images in memory: bytes, NHWC, as they go to the device. */
import { key, permutation } from "../random/index.js";
import { DataError } from "../support/errors.js";

/** Labelled images of one size, as bytes in memory. */
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
  checkCount(dataset, count);
  const size = dataset.height * dataset.width * dataset.channels;
  return {
    ...dataset,
    count,
    images: dataset.images.subarray(0, count * size),
    labels: dataset.labels.subarray(0, count),
  };
}

/** `count` samples of all, always the same ones: for sets whose samples are sorted. @throws DataError when there are fewer */
export function draw(dataset: ImageDataset, count: number): ImageDataset {
  checkCount(dataset, count);
  const size = dataset.height * dataset.width * dataset.channels;
  const chosen = permutation(key(0), dataset.count).subarray(0, count).sort();
  const images = new Uint8Array(count * size);
  chosen.forEach((sample, i) => {
    images.set(dataset.images.subarray(sample * size, (sample + 1) * size), i * size);
  });
  return { ...dataset, count, images, labels: Int32Array.from(chosen, (sample) => dataset.labels[sample]!) };
}

function checkCount({ name, count }: ImageDataset, wanted: number): void {
  if (wanted > count) throw new DataError(`${name}: expected at least ${wanted} images, got ${count}`);
}
