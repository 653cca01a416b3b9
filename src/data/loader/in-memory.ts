/** A source as a whole: all its images, decoded into memory once. */
import { DataError } from "../../support/errors.js";
import type { ImageDataset } from "../dataset.js";
import { Loader, type LoaderOptions } from "./loader.js";
import type { ImageSource } from "./source.js";

/** Larger sets are streamed. */
const mostBytes = 4e9;
const batch = 256;

/**
 * Decodes all images of a source, in their order.
 * @throws DataError naming the sample that is corrupt, or when the set is too large to be held
 */
export async function loadAll(
  source: ImageSource,
  options: Pick<LoaderOptions, "workers" | "corrupt"> = {},
): Promise<ImageDataset> {
  const { name, count, height, width, channels, labels, classes } = source;
  const length = height * width * channels;
  if (count * length > mostBytes)
    throw new DataError(
      `${name}: expected at most 4 GB of pixels to be held in memory, got ${count} images of ${width} × ${height}; stream them (data.stream=true)`,
    );
  const images = new Uint8Array(count * length);
  const kept: number[] = [];
  const loader = new Loader(source, { ...options, batch, order: "sequential", dropLast: false });
  try {
    for await (const { images: part, samples } of loader.epoch(0)) {
      images.set(part, kept.length * length);
      kept.push(...samples);
    }
  } finally {
    await loader.close();
  }
  return {
    name,
    images: images.subarray(0, kept.length * length),
    labels: kept.length === count ? labels : Int32Array.from(kept, (sample) => labels[sample]!),
    count: kept.length,
    height,
    width,
    channels,
    classes,
  };
}
