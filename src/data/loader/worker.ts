/** A decode worker: it opens the source once, then decodes the samples that it is sent. */
import { Piscina } from "piscina";
import { type Decoded, decodeSamples } from "./decode-samples.js";
import { type ImageSource, type OpenSource, openSource, type SourceDescription } from "./source.js";

export interface WorkerData {
  readonly description: SourceDescription;
  readonly shape: Pick<ImageSource, "height" | "width" | "channels">;
}

const { description, shape } = Piscina.workerData as WorkerData;
let source: OpenSource | undefined;

/** The decoded samples; their memory is handed over, not copied. */
export default async function decode(samples: Uint32Array): Promise<Decoded> {
  // Opened here, where an error reaches the one who asked.
  source ??= openSource(description, shape);
  const decoded = await decodeSamples(source, samples, shape);
  return {
    ...decoded,
    get [Piscina.transferableSymbol]() {
      return [decoded.images.buffer];
    },
    get [Piscina.valueSymbol]() {
      return decoded;
    },
  } as Decoded;
}
