/**
 * Batches of images that are decoded while the model trains. Which samples a batch holds is a function of the seed, the
 * epoch and its number; workers only decode, so their number changes the speed and nothing else.
 */
import { fold, type Key, key } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import { cropper } from "../crop/crop.js";
import { type Decoders, openDecoders } from "./decoders.js";
import { type Batch, chosenSamples, defaultPrefetch, type LoaderOptions } from "./options.js";
import { orderOf } from "./order.js";
import type { ImageSource } from "./source.js";

export type { Batch, LoaderOptions } from "./options.js";

/** A batch, and its memory where that is used again. */
interface Loaded {
  readonly batch: Batch;
  readonly memory?: Uint8Array | undefined;
}

/** The batches of a source, decoded by workers ahead of their use; the same ones whatever the number of workers. */
export class Loader {
  /** Batches an epoch. */
  readonly length: number;
  readonly #source: ImageSource;
  readonly #options: LoaderOptions;
  readonly #samples: Uint32Array;
  /** Of a sample's image, or of all its crops. */
  readonly #bytes: number;
  readonly #decoders: Decoders;
  readonly #ahead = new Map<string, Promise<Loaded>>();
  /** The memory of the batch that was given last. */
  #lent: Uint8Array | undefined;
  #order: { epoch: number; samples: Uint32Array } | undefined;

  /** @throws DataError when the source cannot be opened, an index is out of range, or samples are fewer than a batch */
  constructor(source: ImageSource, options: LoaderOptions) {
    this.#source = source;
    this.#options = options;
    const { batch, dropLast = true, crop } = options;
    this.#samples = chosenSamples(source.count, options);
    const batches = this.#samples.length / batch;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    const { height, width, channels } = source;
    this.#bytes = height * width * channels * (crop?.views ?? 1);
    // With workers too, so that an option that is out of range is an error here.
    if (crop) cropper(crop);
    this.#decoders = openDecoders(source, this.#bytes, options);
  }

  /**
   * One batch, by its number in the epoch; the next ones are begun.
   * @throws DataError naming the file, the sample and its place when a record is corrupt, unless it is to be skipped
   */
  async batch(epoch: number, number: number): Promise<Batch> {
    const { prefetch = defaultPrefetch } = this.#options;
    this.#giveBack(this.#lent);
    this.#lent = undefined;
    const name = `${epoch}/${number}`;
    const wanted = this.#begin(epoch, number);
    const next = [name];
    // The order of the next epoch is made when that begins.
    for (let n = number + 1; n <= number + prefetch && n < this.length; n++) {
      next.push(`${epoch}/${n}`);
      void this.#begin(epoch, n).catch(() => {});
    }
    for (const [known, loaded] of this.#ahead)
      if (!next.includes(known)) {
        this.#ahead.delete(known);
        void loaded.then(({ memory }) => this.#giveBack(memory)).catch(() => {});
      }
    try {
      const { batch, memory } = await wanted;
      this.#lent = memory;
      return batch;
    } finally {
      this.#ahead.delete(name);
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
    await this.#decoders.close();
  }

  #giveBack(memory: Uint8Array | undefined): void {
    if (memory) this.#decoders.giveBack(memory);
  }

  #begin(epoch: number, number: number): Promise<Loaded> {
    const name = `${epoch}/${number}`;
    const known = this.#ahead.get(name);
    if (known) return known;
    const loaded = this.#load(this.#samplesOf(epoch, number), this.#epochKey(epoch));
    this.#ahead.set(name, loaded);
    return loaded;
  }

  #samplesOf(epoch: number, number: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const { order = "random" } = this.#options;
      const pageOf = (sample: number) => this.#source.pageOf(sample);
      this.#order = { epoch, samples: orderOf(order, this.#epochKey(epoch), this.#samples, pageOf) };
    }
    const { batch } = this.#options;
    return this.#order.samples.slice(number * batch, (number + 1) * batch);
  }

  #epochKey(epoch: number): Key {
    const { seed = 0, epochKey = (e: number) => fold(key(seed), e) } = this.#options;
    return epochKey(epoch);
  }

  async #load(samples: Uint32Array, epochKey: Key): Promise<Loaded> {
    const { images, failures, memory } = await this.#decoders.decode({ samples, epochKey });
    if (failures.length === 0)
      return { batch: { images, labels: this.#labelsOf(samples), samples, skipped: [] }, memory };
    if (this.#options.corrupt !== "skip") throw new DataError(failures[0]!.message);
    const failed = new Set(failures.map(({ at }) => at));
    const kept = [...samples.keys()].filter((at) => !failed.has(at));
    const left = new Uint8Array(kept.length * this.#bytes);
    kept.forEach((at, i) => {
      left.set(images.subarray(at * this.#bytes, (at + 1) * this.#bytes), i * this.#bytes);
    });
    this.#giveBack(memory);
    const keptSamples = samples.filter((_, at) => !failed.has(at));
    const skipped = failures.map(({ at, message }) => ({ sample: samples[at]!, message }));
    return {
      batch: { images: left, labels: this.#labelsOf(keptSamples), samples: keptSamples, skipped },
    };
  }

  #labelsOf(samples: Uint32Array): Int32Array {
    const labels = new Int32Array(samples.length);
    for (let i = 0; i < labels.length; i++) labels[i] = this.#source.labels[samples[i]!]!;
    return labels;
  }
}
