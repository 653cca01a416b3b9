/**
 * Batches of images that are decoded while the model trains. Which samples a batch holds is a function of the seed, the
 * epoch and its number; workers only decode, so their number changes the speed and nothing else.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { fold, type Key, key } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import { packageRoot } from "../../support/package.js";
import { type CropOptions, cropper } from "../crop/crop.js";
import { type Decoded, decodeSamples } from "./decode-samples.js";
import { type OpenSource, openSource } from "./open.js";
import { type Order, orderOf } from "./order.js";
import type { ImageSource } from "./source.js";
import type { Part, WorkerData } from "./worker.js";

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
   * Whether the memory of a batch is used again for a later one as soon as the next batch is asked for, without workers
   * only; not by default. New memory for every batch costs as much as copying small raw images.
   */
  readonly reuse?: boolean;
}

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

/** Batches that are decoded ahead. */
const defaultPrefetch = 2;

/** Where there are more workers than batches, these are cut into parts of at least so many samples. */
const leastPart = 8;

/** A file of up to so many bytes is held in memory by the calling thread; workers, of which there are several, hold none. */
const keptBytes = 2 ** 30;

/** The batches of a source, decoded by workers ahead of their use; the same ones whatever the number of workers. */
export class Loader {
  /** Batches an epoch. */
  readonly length: number;
  readonly #source: ImageSource;
  readonly #options: LoaderOptions;
  readonly #samples: Uint32Array;
  readonly #sampleBytes: number;
  readonly #open: OpenSource | undefined;
  readonly #pool: Piscina | undefined;
  readonly #ahead = new Map<string, Promise<Batch>>();
  /** Memory to be used again, and that of the batch which was given last. */
  readonly #free: Uint8Array[] = [];
  #lent: Uint8Array | undefined;
  /** The memory of images, which are only a part of it where a batch is short. */
  readonly #memories = new WeakMap<Uint8Array, Uint8Array>();
  #order: { epoch: number; samples: Uint32Array } | undefined;

  /** @throws DataError when the source cannot be opened, an index is out of range, or samples are fewer than a batch */
  constructor(source: ImageSource, options: LoaderOptions) {
    this.#source = source;
    this.#options = options;
    const { batch, indices, filter, dropLast = true, workers = 0 } = options;
    if (!Number.isInteger(batch) || batch < 1)
      throw new DataError(`loader: batch: expected 1 or more, got ${batch}`);
    this.#samples = Uint32Array.from(indices ?? { length: source.count }, (value, i) => {
      const sample = indices === undefined ? i : (value as number);
      if (!(Number.isInteger(sample) && sample >= 0 && sample < source.count))
        throw new DataError(`loader: indices: expected samples below ${source.count}, got ${sample}`);
      return sample;
    });
    if (filter) this.#samples = this.#samples.filter((sample) => filter(sample));
    const batches = this.#samples.length / batch;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    if (this.length === 0)
      throw new DataError(
        `loader: batch: expected at most ${this.#samples.length}, the number of samples, got ${batch}`,
      );
    const { description, height, width, channels } = source;
    const { crop } = options;
    this.#sampleBytes = height * width * channels * (crop?.views ?? 1);
    // With workers too, so that an option that is out of range is an error here.
    if (crop) cropper(crop, [height, width]);
    const { reuse = false, prefetch = defaultPrefetch } = options;
    // One that is given, and those that are decoded ahead.
    const held = { samples: batch, bytes: (prefetch + 2) * batch * this.#sampleBytes };
    if (workers === 0)
      this.#open = openSource(description, source, {
        keep: keptBytes,
        crop,
        batches: reuse ? held : undefined,
      });
    else
      this.#pool = new Piscina({
        filename: workerFile(),
        workerData: {
          description,
          shape: { height, width },
          crop,
          length: this.#sampleBytes,
        } satisfies WorkerData,
        minThreads: workers,
        maxThreads: workers,
      });
  }

  /**
   * One batch, by its number in the epoch; the next ones are begun.
   * @throws DataError naming the file, the sample and its place when a record is corrupt, unless it is to be skipped
   */
  async batch(epoch: number, number: number): Promise<Batch> {
    const { prefetch = defaultPrefetch, reuse = false } = this.#options;
    if (this.#lent) this.#free.push(this.#lent);
    this.#lent = undefined;
    const wanted = this.#begin(epoch, number);
    const next: string[] = [`${epoch}/${number}`];
    for (let i = 1; i <= prefetch; i++) {
      const at = epoch * this.length + number + i;
      const [e, n] = [Math.floor(at / this.length), at % this.length];
      // The order of the next epoch is made when that begins.
      if (e !== epoch) break;
      next.push(`${e}/${n}`);
      void this.#begin(e, n).catch(() => {});
    }
    for (const known of this.#ahead.keys()) if (!next.includes(known)) this.#ahead.delete(known);
    try {
      const batch = await wanted;
      if (reuse) this.#lent = this.#memories.get(batch.images);
      return batch;
    } finally {
      this.#ahead.delete(next[0]!);
    }
  }

  /** The batches of an epoch, in order. */
  async *epoch(epoch: number): AsyncGenerator<Batch> {
    for (let i = 0; i < this.length; i++) yield await this.batch(epoch, i);
  }

  /** Ends the workers. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#ahead.values());
    this.#ahead.clear();
    this.#open?.close();
    await this.#pool?.destroy();
  }

  #begin(epoch: number, number: number): Promise<Batch> {
    const name = `${epoch}/${number}`;
    const known = this.#ahead.get(name);
    if (known) return known;
    const batch = this.#load(this.#samplesOf(epoch, number), this.#epochKey(epoch));
    this.#ahead.set(name, batch);
    return batch;
  }

  #samplesOf(epoch: number, number: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const { order = "random" } = this.#options;
      this.#order = {
        epoch,
        samples: orderOf(order, this.#epochKey(epoch), this.#samples, (sample) =>
          this.#source.pageOf(sample),
        ),
      };
    }
    const { batch } = this.#options;
    return this.#order.samples.slice(number * batch, (number + 1) * batch);
  }

  #epochKey(epoch: number): Key {
    const { seed = 0, epochKey = (e: number) => fold(key(seed), e) } = this.#options;
    return epochKey(epoch);
  }

  async #load(samples: Uint32Array, epochKey: Key): Promise<Batch> {
    const { images, failures } = await this.#decode({ samples, epochKey });
    if (failures.length === 0) return { images, labels: this.#labelsOf(samples), samples, skipped: [] };
    if (this.#options.corrupt !== "skip") throw new DataError(failures[0]!.message);
    const failed = new Set(failures.map(({ at }) => at));
    const kept = [...samples.keys()].filter((at) => !failed.has(at));
    const length = this.#sampleBytes;
    const left = new Uint8Array(kept.length * length);
    kept.forEach((at, i) => {
      left.set(images.subarray(at * length, (at + 1) * length), i * length);
    });
    const keptSamples = samples.filter((_, at) => !failed.has(at));
    return {
      images: left,
      labels: this.#labelsOf(keptSamples),
      samples: keptSamples,
      skipped: failures.map(({ at, message }) => ({ sample: samples[at]!, message })),
    };
  }

  #labelsOf(samples: Uint32Array): Int32Array {
    const labels = new Int32Array(samples.length);
    for (let i = 0; i < labels.length; i++) labels[i] = this.#source.labels[samples[i]!]!;
    return labels;
  }

  /** Decodes in this thread. */
  async #decodeHere(open: OpenSource, { samples, epochKey }: Part): Promise<Decoded> {
    const length = this.#sampleBytes;
    if (!this.#options.reuse) return decodeSamples(open, samples, epochKey, length);
    const bytes = this.#options.batch * length;
    const memory = this.#free.pop() ?? open.allocate?.(bytes) ?? new Uint8Array(bytes);
    const images = memory.subarray(0, samples.length * length);
    this.#memories.set(images, memory);
    if (open.gather?.(samples, images)) return { images, failures: [] };
    return decodeSamples(open, samples, epochKey, length, images);
  }

  /** Decodes here, or in parts by the workers. */
  async #decode(whole: Part): Promise<Decoded> {
    if (this.#open) return this.#decodeHere(this.#open, whole);
    const { samples, epochKey } = whole;
    const length = this.#sampleBytes;
    const pool = this.#pool!;
    const { workers = 1, prefetch = defaultPrefetch } = this.#options;
    // With enough batches ahead every worker has one of its own, and nothing needs to be put together.
    const part =
      prefetch >= workers
        ? samples.length
        : Math.max(leastPart, Math.ceil(samples.length / Math.ceil(workers / (prefetch + 1))));
    const starts = Array.from({ length: Math.ceil(samples.length / part) }, (_, i) => i * part);
    const parts = await Promise.all(
      starts.map((start) => {
        const sent: Part = { samples: samples.slice(start, start + part), epochKey };
        return pool.run(sent) as Promise<Decoded>;
      }),
    );
    if (parts.length === 1) return parts[0]!;
    const images = new Uint8Array(samples.length * length);
    const failures = parts.flatMap((decoded, i) => {
      images.set(decoded.images, starts[i]! * length);
      return decoded.failures.map(({ at, message }) => ({ at: at + starts[i]!, message }));
    });
    return { images, failures };
  }
}

/** The worker's file beside this one; when the source runs uncompiled, as in tests, that of the build. */
function workerFile(): string {
  const beside = fileURLToPath(new URL("./worker.js", import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot, "dist/src/data/loader/worker.js");
}
