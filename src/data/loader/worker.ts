/** A decode worker: it opens the source once, then decodes the samples that it is sent. */
import { Piscina } from "piscina";
import type { Key } from "../../random/index.js";
import { handOver } from "../../support/hand-over.js";
import { type Decoded, decodeSamples } from "./decode-samples.js";
import { type OpenOptions, type OpenSource, openSource } from "./open.js";
import type { ImageSource, SourceDescription } from "./source.js";

export interface WorkerData {
  readonly description: SourceDescription;
  readonly shape: Pick<ImageSource, "height" | "width">;
  readonly crop: OpenOptions["crop"];
  /** Bytes of a sample's image, or of all its crops. */
  readonly length: number;
}

/** What a worker is sent. */
export interface Part {
  readonly samples: Uint32Array;
  readonly epochKey: Key;
  /** Shared memory that the images go to; by default new memory, which is handed over. */
  readonly into?: Uint8Array | undefined;
}

const { description, shape, crop, length } = Piscina.workerData as WorkerData;
let source: OpenSource | undefined;

/** The decoded samples, in shared memory or in memory that is handed over, not copied. */
export default async function decode({ samples, epochKey, into }: Part): Promise<Decoded> {
  // Opened here, where an error reaches the one who asked.
  source ??= openSource(description, shape, { crop });
  const decoded = await decodeSamples(source, samples, epochKey, length, into);
  return into ? decoded : handOver(decoded, [decoded.images.buffer]);
}
