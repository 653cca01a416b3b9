/** The batches of a run whose images are decoded while it trains. */
import type { CropOptions } from "../data/crop/crop.js";
import { type Batch, Loader } from "../data/loader/loader.js";
import type { StreamedDataset } from "../data/loader/streamed.js";
import { fold, key } from "../random/index.js";
import { DataError } from "../support/errors.js";
import type { TrainConfig } from "./config/schema.js";
import { purpose } from "./purpose.js";

export interface Stream {
  /** The images of a step, counted from 0; always a whole batch. */
  batch(step: number): Promise<Pick<Batch, "images" | "labels" | "samples">>;
  close(): Promise<void>;
}

/**
 * Opens the stream; its order is that of a set in memory.
 * @param crop crops of the whole images in place of the images: one a view
 * @throws DataError when the source cannot be opened
 */
export function openStream(
  { source, options }: StreamedDataset,
  { seed, batch }: Pick<TrainConfig, "seed" | "batch">,
  crop?: CropOptions,
): Stream {
  const epochKey = (epoch: number) => fold(key(seed), purpose.order, epoch);
  // Of a part, images are numbered as those of a part in memory are, so that they get the same views.
  const places = options.indices && new Map(Array.from(options.indices, (sample, place) => [sample, place]));
  const loader = new Loader(source, { ...options, batch, epochKey, crop, reuse: true });
  return {
    async batch(step) {
      const loaded = await loader.batch(Math.floor(step / loader.length), step % loader.length);
      const whole = loaded.skipped.length === 0 ? loaded : filled(loaded, batch);
      return places ? { ...whole, samples: whole.samples.map((sample) => places.get(sample)!) } : whole;
    },
    close: () => loader.close(),
  };
}

/** A batch from which corrupt samples were left out, filled up with its other ones. */
function filled(
  { images, labels, samples, skipped }: Batch,
  batch: number,
): Pick<Batch, "images" | "labels" | "samples"> {
  if (samples.length === 0)
    throw new DataError(`batch: expected one image or more that is not corrupt; ${skipped[0]!.message}`);
  const length = images.length / samples.length;
  const places = Array.from({ length: batch }, (_, i) => i % samples.length);
  const all = new Uint8Array(batch * length);
  places.forEach((place, i) => {
    all.set(images.subarray(place * length, (place + 1) * length), i * length);
  });
  return {
    images: all,
    labels: Int32Array.from(places, (place) => labels[place]!),
    samples: Uint32Array.from(places, (place) => samples[place]!),
  };
}
