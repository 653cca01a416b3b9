/** Mirrors an image left to right with some probability, drawn for each sample: FFCV-SSL's seeded flip always flips. */
import { tf } from "../engine/tf.js";
import { type Augmentation, sameShape } from "./augmentation.js";
import { checkProbability } from "./check.js";
import { perMatrix, pickMatrices, resampler } from "./resample.js";

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
    // Column i comes from column i, or from width − 1 − i.
    resampling: ([, width], { flipped }) => ({
      columns: pickMatrices("columns", width, width, (place) =>
        tf.add(place, tf.mul(perMatrix(flipped), tf.sub(width - 1, tf.mul(place, 2)))),
      ),
    }),
  });
}
