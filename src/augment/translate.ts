/** Moves an image by whole pixels up, down, left and right, and fills what gets bare. */
import { tf } from "../engine/tf.js";
import { type Augmentation, sameShape } from "./augmentation.js";
import { checkWhole } from "./check.js";
import { type Fill, filledResampler } from "./fill.js";
import { perMatrix, pickMatrices } from "./resample.js";

/** Options of `translate`. */
export interface TranslateOptions {
  /** The greatest distance in pixels, along each axis; 4 by default. */
  readonly distance?: number | undefined;
  /** The colour of what gets bare; 0.5 by default. */
  readonly fill?: Fill | undefined;
}

/** Draws int32 down and right, pixels from −distance to distance. */
export function translate({ distance = 4, fill = 0.5 }: TranslateOptions = {}): Augmentation {
  checkWhole("translate.distance", distance);
  return filledResampler(
    {
      name: "translate",
      outputShape: sameShape,
      parameters: () => ({ down: { dtype: "int32" }, right: { dtype: "int32" } }),
      draw(stream, { down, right }, row) {
        down![row] = stream.integer(-distance, distance + 1);
        right![row] = stream.integer(-distance, distance + 1);
      },
      resampling: ([height, width], { down, right }) => ({
        rows: pickMatrices("rows", height, height, (place) => tf.sub(place, perMatrix(down))),
        columns: pickMatrices("columns", width, width, (place) => tf.sub(place, perMatrix(right))),
      }),
    },
    fill,
  );
}
