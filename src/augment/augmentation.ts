/**
 * An augmentation in two halves. `draw` chooses its parameters on the host, for one sample, from a key; `apply` changes
 * a whole batch inside the compiled step, given the drawn parameters. So pixels never pass through JavaScript, and the
 * same drawn parameters give the same pixels again.
 */
import type { HostTensor } from "../engine/host.js";
import type { tf } from "../engine/tf.js";
import type { Key } from "../random/index.js";

/** [height, width, channels] */
export type ImageShape = readonly [number, number, number];

export interface Augmentation {
  readonly name: string;
  /** The shape of the images that come out. */
  outputShape(shape: ImageShape): ImageShape;
  /** The parameters for one image of this shape. */
  draw(key: Key, shape: ImageShape): HostTensor;
  /** @param images float32 [batch, height, width, channels] in 0 … 1 @param drawn [batch, …parameters] */
  apply(images: tf.Tensor4D, drawn: tf.Tensor): tf.Tensor4D;
}

/** The shape is left as it is. */
export function sameShape(shape: ImageShape): ImageShape {
  return shape;
}
