/** Who decodes the samples of a batch, the calling thread or workers, and the memory that the images go to. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { packageRoot } from "../../support/package.js";
import { type Decoded, decodeSamples } from "./decode-samples.js";
import { openSource } from "./open.js";
import { defaultPrefetch, type LoaderOptions } from "./options.js";
import type { ImageSource } from "./source.js";
import type { Part, WorkerData } from "./worker.js";

/** Decoded images, and the memory to be given back when they are not needed any more, where it is used again. */
export interface Lent extends Decoded {
  readonly memory?: Uint8Array;
}

/** Decodes the samples of batches. */
export interface Decoders {
  decode(part: Omit<Part, "into">): Promise<Lent>;
  /** Memory that came with images which are not needed any more. */
  giveBack(memory: Uint8Array): void;
  close(): Promise<void>;
}

/** Where there are more workers than batches, these are cut into parts of at least so many samples. */
const leastPart = 8;

/** A file of up to so many bytes is held in memory by the calling thread; workers, of which there are several, hold none. */
const keptBytes = 2 ** 30;

/**
 * @param length bytes of a sample's image, or of all its crops
 * @throws DataError when the source cannot be opened; with workers this comes of the first batch
 */
export function openDecoders(source: ImageSource, length: number, options: LoaderOptions): Decoders {
  return options.workers ? workers(source, length, options) : thisThread(source, length, options);
}

function thisThread(source: ImageSource, length: number, options: LoaderOptions): Decoders {
  const { batch, crop, reuse = false, prefetch = defaultPrefetch } = options;
  const bytes = batch * length;
  // One that is given, and those that are decoded ahead.
  const batches = reuse ? { samples: batch, bytes: (prefetch + 2) * bytes } : undefined;
  const open = openSource(source.description, source, { keep: keptBytes, crop, batches });
  const memories = new Memories(() => open.allocate?.(bytes) ?? new Uint8Array(bytes));
  return {
    async decode({ samples, epochKey }) {
      if (!reuse) return decodeSamples(open, samples, epochKey, length);
      const memory = memories.take();
      const images = memory.subarray(0, samples.length * length);
      if (open.gather?.(samples, images)) return { images, failures: [], memory };
      const { failures } = await decodeSamples(open, samples, epochKey, length, images);
      return { images, failures, memory };
    },
    giveBack: (memory) => memories.giveBack(memory),
    async close() {
      open.close();
    },
  };
}

function workers(source: ImageSource, length: number, options: LoaderOptions): Decoders {
  const { batch, crop, reuse, workers: threads = 1, prefetch = defaultPrefetch } = options;
  const { description, height, width } = source;
  const workerData: WorkerData = { description, shape: { height, width }, crop, length };
  const pool = new Piscina({
    filename: workerFile(),
    workerData,
    minThreads: threads,
    maxThreads: threads,
  });
  const started = pool.threads.map(
    (thread) =>
      new Promise<unknown>((resolve) => {
        thread.once("message", resolve).once("exit", resolve);
      }),
  );
  const inWork = new Set<Promise<Decoded>>();
  const run = (part: Part): Promise<Decoded> => {
    const decoded = (pool.run(part) as Promise<Decoded>).finally(() => inWork.delete(decoded));
    inWork.add(decoded);
    return decoded;
  };
  const memories = new Memories(() => new Uint8Array(new SharedArrayBuffer(batch * length)));
  // With enough batches ahead every worker has one of its own, and nothing needs to be put together.
  const partOf = (count: number): number =>
    prefetch >= threads ? count : Math.max(leastPart, Math.ceil(count / Math.ceil(threads / (prefetch + 1))));
  return {
    async decode({ samples, epochKey }) {
      const part = partOf(samples.length);
      const starts = Array.from({ length: Math.ceil(samples.length / part) }, (_, i) => i * part);
      const memory = reuse ? memories.take() : undefined;
      const parts = await Promise.all(
        starts.map((start) => {
          const sent = samples.slice(start, start + part);
          const into = memory?.subarray(start * length, (start + sent.length) * length);
          return run({ samples: sent, epochKey, into });
        }),
      );
      const failures = parts.flatMap((decoded, i) =>
        decoded.failures.map(({ at, message }) => ({ at: at + starts[i]!, message })),
      );
      if (memory) return { images: memory.subarray(0, samples.length * length), failures, memory };
      return { images: joined(parts), failures };
    },
    giveBack: (memory) => memories.giveBack(memory),
    async close() {
      // A thread that is ended while it loads native code ends the process: Node-API cannot report an error in it any more.
      for (const thread of pool.threads) thread.ref();
      await Promise.allSettled([...started, ...inWork]);
      await pool.destroy();
    },
  };
}

function joined(parts: readonly Decoded[]): Uint8Array {
  if (parts.length === 1) return parts[0]!.images;
  const images = new Uint8Array(parts.reduce((sum, part) => sum + part.images.length, 0));
  let at = 0;
  for (const part of parts) {
    images.set(part.images, at);
    at += part.images.length;
  }
  return images;
}

/** Memory for batches, of which what was given back is taken again. */
class Memories {
  readonly #free: Uint8Array[] = [];

  constructor(private readonly allocate: () => Uint8Array) {}

  take(): Uint8Array {
    return this.#free.pop() ?? this.allocate();
  }

  giveBack(memory: Uint8Array): void {
    this.#free.push(memory);
  }
}

/** The worker's file beside this one; when the source runs uncompiled, as in tests, that of the build. */
function workerFile(): string {
  const beside = fileURLToPath(new URL("./worker.js", import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot, "dist/src/data/loader/worker.js");
}
