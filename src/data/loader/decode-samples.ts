/** Decoding a list of samples, in a worker or in the main thread. */
import type { Key } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import type { OpenSource } from "./open.js";

export interface Decoded {
  /** [samples, views, height, width, channels]; those of samples that failed are not meant. */
  readonly images: Uint8Array;
  readonly failures: readonly { readonly at: number; readonly message: string }[];
}

/** Samples in work at a time: sharp decodes on other threads than this one. */
const together = 4;

/**
 * Reads the images of samples. Samples that are corrupt come back as failures; all other errors are thrown.
 * @param length bytes of a sample's image, or of all its crops
 * @param into where the images go, of just that length; by default new memory
 */
export async function decodeSamples(
  source: OpenSource,
  samples: Uint32Array,
  epochKey: Key,
  length: number,
  into?: Uint8Array,
): Promise<Decoded> {
  // All of it is written to, so it need not be made zeros first.
  const images = into ?? new Uint8Array(Buffer.allocUnsafeSlow(samples.length * length).buffer);
  const failures: { at: number; message: string }[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < samples.length) {
      const at = next++;
      try {
        // What is read at once is not waited for: a turn of the event loop costs more than a small image.
        const pending = source.read(samples[at]!, images, at * length, epochKey);
        if (pending) await pending;
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        failures.push({ at, message: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  return { images, failures: failures.sort((a, b) => a.at - b.at) };
}
