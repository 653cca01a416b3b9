/** Mirrors an image left to right with some probability, drawn for each sample: FFCV-SSL's seeded flip always flips. */
import { type Augmentation, sameShape } from "./augmentation.js";
import { checkProbability } from "./check.js";
import { flipResampling, resampler } from "./resample.js";

/** Draws int32 flipped: 1 to mirror, 0 to leave. @param options.probability 0.5 by default */
export function horizontalFlip(options: { readonly probability?: number | undefined } = {}): Augmentation {
  const probability = checkProbability("horizontalFlip.probability", options.probability ?? 0.5);
  return resampler({
    name: "horizontalFlip",
    outputShape: sameShape,
    parameters: () => ({ flipped: { dtype: "int32" } }),
    draw(stream, { flipped }, row) {
      flipped![row] = stream.chance(probability);
    },
    resampling: ([, width], { flipped }) => flipResampling(width, flipped!),
  });
}
