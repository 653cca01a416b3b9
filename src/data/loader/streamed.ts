/**
 * A data set whose images are decoded while the model trains, for sets that do not fit into memory. It has all that a
 * data set has but the images; who asks for these is told so.
 */
import { key, permutation } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import type { ImageDataset } from "../dataset.js";
import type { LoaderOptions } from "./loader.js";
import type { ImageSource } from "./source.js";

export interface StreamedDataset extends ImageDataset {
  readonly source: ImageSource;
  readonly options: Pick<LoaderOptions, "indices" | "order" | "workers" | "corrupt">;
}

/** @param count so many of the samples take part, always the same ones; by default all */
export function streamed(
  source: ImageSource,
  {
    count = source.count,
    ...options
  }: Omit<StreamedDataset["options"], "indices"> & { readonly count?: number | undefined } = {},
): StreamedDataset {
  const { name, height, width, channels, labels, classes } = source;
  if (count > source.count)
    throw new DataError(`${name}: expected at least ${count} images, got ${source.count}`);
  const indices =
    count < source.count ? permutation(key(0), source.count).subarray(0, count).sort() : undefined;
  return {
    name,
    count,
    height,
    width,
    channels,
    labels: indices ? Int32Array.from(indices, (sample) => labels[sample]!) : labels,
    classes,
    source,
    options: { ...options, indices },
    get images(): Uint8Array {
      throw new DataError(
        `${name}: expected images in memory, but they are streamed; evaluation and negatives made of images need data.stream=false`,
      );
    },
  };
}

export function isStreamed(dataset: ImageDataset): dataset is StreamedDataset {
  return "source" in dataset;
}
