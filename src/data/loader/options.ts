/** What a loader is asked for, and what it gives. */
import type { Key } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import type { CropOptions } from "../crop/crop.js";
import type { Order } from "./order.js";

/** What a loader reads, in which order, and who decodes. */
export interface LoaderOptions {
  /** Images a batch. */
  readonly batch: number;
  readonly order?: Order;
  readonly seed?: number;
  /** The key of an epoch's order and crops, in place of one made from the seed. */
  readonly epochKey?: ((epoch: number) => Key) | undefined;
  /** Random resized crops of the whole images, in place of the images. */
  readonly crop?: CropOptions | undefined;
  /** Threads that decode; 0: the calling one, which is fastest for raw images. */
  readonly workers?: number;
  /** Batches that are decoded ahead, 2 by default; as many as there are workers keep all of these busy. */
  readonly prefetch?: number;
  /** Whether samples at the end of an epoch that fill no batch are left out; yes by default. */
  readonly dropLast?: boolean;
  /** The samples that take part; by default all. */
  readonly indices?: ArrayLike<number> | undefined;
  /** Of these, the ones that take part. */
  readonly filter?: ((sample: number) => boolean) | undefined;
  /** What a corrupt sample does: `error`, or `skip`, which leaves it out of its batch. */
  readonly corrupt?: "error" | "skip";
  /**
   * Whether the memory of a batch is used again for a later one as soon as the next batch is asked for; not by default.
   * New memory for every batch costs as much as copying small raw images. With workers it is memory shared with them (a `SharedArrayBuffer`), into which they decode.
   */
  readonly reuse?: boolean;
}

/** Batches that are decoded ahead. */
export const defaultPrefetch = 2;

/** Decoded images that go through a step together. */
export interface Batch {
  /** uint8 [samples, height, width, channels]; with crops [samples, views, height, width, 3] */
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  /** The samples' numbers. */
  readonly samples: Uint32Array;
  /** What was left out, and why. */
  readonly skipped: readonly { readonly sample: number; readonly message: string }[];
}

/** The samples that take part. @throws DataError when one is out of range, or there are fewer than a batch takes */
export function chosenSamples(
  count: number,
  { batch, indices, filter, dropLast = true }: LoaderOptions,
): Uint32Array {
  if (!Number.isInteger(batch) || batch < 1)
    throw new DataError(`loader: batch: expected 1 or more, got ${batch}`);
  const all = Uint32Array.from(indices ?? { length: count }, (value, i) => {
    const sample = indices === undefined ? i : (value as number);
    if (!(Number.isInteger(sample) && sample >= 0 && sample < count))
      throw new DataError(`loader: indices: expected samples below ${count}, got ${sample}`);
    return sample;
  });
  const samples = filter ? all.filter((sample) => filter(sample)) : all;
  if (samples.length < (dropLast ? batch : 1))
    throw new DataError(
      `loader: batch: expected at most ${samples.length}, the number of samples, got ${batch}`,
    );
  return samples;
}
