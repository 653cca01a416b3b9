/** Takes the colours out of an image with some probability; three equal channels remain. */
import { tf } from "../engine/tf.js";
import { type Augmentation, needsColour } from "./augmentation.js";
import { checkProbability } from "./check.js";
import { mixWithGrey } from "./color.js";

/** Draws int32 grey: 1 where the colours go. It needs colours. @param options.probability 0.2 by default */
export function grayscale(options: { readonly probability?: number | undefined } = {}): Augmentation {
  const probability = checkProbability("grayscale.probability", options.probability ?? 0.2);
  return {
    name: "grayscale",
    outputShape: (shape) => needsColour("grayscale", shape),
    parameters: () => ({ grey: { dtype: "int32" } }),
    draw(stream, into, row) {
      into.grey![row] = stream.chance(probability);
    },
    apply: (images, drawn) => mixWithGrey(images, tf.sub(1, drawn.grey!)),
  };
}
