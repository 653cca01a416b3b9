/** A worker of the plain pipeline: decodes images and makes their views, one by one. */
import { decodeImage } from "../../src/data/decode.js";
import { handOver } from "../../src/support/hand-over.js";
import { type DrawnView, viewOf } from "./per-image.js";

export interface ViewsTask {
  readonly files: readonly Uint8Array[];
  readonly side: number;
  /** For each image, what was drawn for each of its views. */
  readonly drawn: readonly (readonly DrawnView[])[];
}

/** @returns for each view float32 [images, side, side]; their memory is handed over, not copied */
export default async function makeViews({ files, side, drawn }: ViewsTask): Promise<Float32Array[]> {
  const size = side * side;
  const views = (drawn[0] ?? []).map(() => new Float32Array(files.length * size));
  for (const [i, file] of files.entries()) {
    const { pixels } = await decodeImage(file, { channels: 1 }, `image ${i}`);
    for (const [v, view] of views.entries())
      viewOf(pixels, side, drawn[i]![v]!, view.subarray(i * size, (i + 1) * size));
  }
  return handOver(
    views,
    views.map(({ buffer }) => buffer),
  );
}
