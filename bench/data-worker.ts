/**
 * Our side of the bench of loaders, a process of its own that speaks the lines of JSON of worker.ts. A step is an epoch
 * over all images. Ready and answers hold the mean of the pixels of an epoch, so that it can be seen that both sides
 * make the same batches.
 */
import { createInterface } from "node:readline";
import { type Batch, Loader } from "../src/data/loader/loader.js";
import { betonSource, type Decoder } from "../src/data/loader/source.js";
import { UnitFloats } from "../src/data/unit-floats.js";
import { version } from "./versions.js";

/** What a side is to do; its first argument, as JSON. */
export interface DataOrder {
  readonly work: "jpg-224" | "raw-32";
  /** Who does it: our loader with one of its decoders, or a peer. */
  readonly side: Decoder | "torchvision" | "ffcv";
  /** The .beton file, and the folder of the same files where there is one. */
  readonly beton: string;
  readonly folder?: string;
  readonly batch: number;
  readonly workers: number;
}

function openLoader({ work, side, beton, batch, workers }: DataOrder): {
  loader: Loader;
  /** What is done to a batch before it is delivered; gives its elements, which a trainer would take. */
  deliver(batch: Batch): ArrayLike<number>;
} {
  if (work === "raw-32")
    return {
      // Copying pixels takes less time than it takes to have another thread do it.
      loader: new Loader(betonSource(beton), { batch, seed: 1, workers: 0, prefetch: 0, reuse: true }),
      deliver: ({ images }) => images,
    };
  const source = betonSource(beton, { size: 224, decoder: side as Decoder });
  const floats = new UnitFloats(batch * 224 * 224 * 3);
  return {
    loader: new Loader(source, { batch, seed: 1, workers, prefetch: 2 * workers, crop: {}, reuse: true }),
    deliver: ({ images }) => floats.of(images),
  };
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(order: DataOrder): Promise<void> {
  const { loader, deliver } = openLoader(order);
  let epoch = 0;
  const began = performance.now();
  let [sum, elements, images] = [0, 0, 0];
  for await (const batch of loader.epoch(epoch++)) {
    const values = deliver(batch);
    for (let i = 0; i < values.length; i++) sum += values[i]!;
    elements += values.length;
    images += batch.samples.length;
  }
  const firstMs = performance.now() - began;
  say({ version: `jessl ${version}`, firstMs, images, mean: sum / elements });
  for await (const line of createInterface({ input: process.stdin })) {
    const { run } = JSON.parse(line) as { run: number };
    const ms: number[] = [];
    for (let i = 0; i < run; i++) {
      const start = performance.now();
      for await (const batch of loader.epoch(epoch)) deliver(batch);
      epoch++;
      ms.push(performance.now() - start);
    }
    say({ ms });
  }
}

await main(JSON.parse(process.argv[2]!) as DataOrder);
