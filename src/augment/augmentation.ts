/**
 * An augmentation in two halves. `draw` chooses its parameters on the host, for one sample, from a key; `apply` changes
 * a whole batch inside the compiled step, given the drawn parameters. So pixels never pass through JavaScript, and the
 * same drawn parameters give the same pixels again.
 *
 * Inside a pipeline images are planes, [batch, channels, height, width]: resizing and blurring are then plain matrix
 * products, and a channel is one block of memory.
 */
import { allocate, type HostTensor, hostTensor, sizeOf } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import type { Stream } from "../random/index.js";
import { ShapeError } from "../support/errors.js";

/** [height, width, channels] */
export type ImageShape = readonly [number, number, number];

/** What is drawn for one image: element type, and shape if it is more than one number. */
export interface ParameterType {
  readonly dtype: "float32" | "int32";
  readonly shape?: readonly number[];
}

/** What an augmentation draws, by name. */
export type Parameters<Name extends string = string> = { readonly [name in Name]: ParameterType };

/** The drawn parameters of a batch by name, each with the batch as first axis. */
export type DrawnParameters<T> = { readonly [name: string]: T };

/** Arrays to draw into, by name; those of sample i begin at i times the parameter's size. */
export type DrawnArrays = { readonly [name: string]: Float32Array | Int32Array };

/** The matrices R and C that make R · image · C of every channel; left out where nothing changes. */
export interface Resampling {
  /** [batch or 1, out height, height] */
  readonly rows?: tf.Tensor3D | undefined;
  /** [batch or 1, width, out width] */
  readonly columns?: tf.Tensor3D | undefined;
  /** The columns with their results mirrored where `flipped` [batch] is 1, where that is less work than a product. */
  readonly mirroredColumns?: ((flipped: tf.Tensor) => tf.Tensor3D) | undefined;
  /** [batch], 1 where columns are mirrored, if nothing else is done. */
  readonly flipped?: tf.Tensor | undefined;
}

/** A change of images, drawn on the host and applied to a whole batch. */
export interface Augmentation {
  readonly name: string;
  /** The shape of the images that come out. @throws ShapeError when it cannot be applied to images of this shape */
  outputShape(shape: ImageShape): ImageShape;
  /** What is drawn for one image of this shape. */
  parameters(shape: ImageShape): Parameters;
  /**
   * Draws the parameters of one image.
   * @param stream the numbers of (seed, epoch, sample, view, operation)
   * @param into the batch's arrays @param row the image's place in them @param sample its number in the data set
   * @param earlier what the first augmentations of the views before have drawn; the first one of a view is told
   */
  draw(
    stream: Stream,
    into: DrawnArrays,
    row: number,
    shape: ImageShape,
    sample: number,
    earlier?: readonly DrawnArrays[],
  ): void;
  /** What is drawn for the batch together, once every image has its own; only mixing needs it. */
  drawTogether?(into: DrawnArrays, batch: number): void;
  /** The changed images. @param images float32 [batch, channels, height, width] in 0 … 1 @param drawn what `draw` drew */
  apply(images: tf.Tensor4D, drawn: DrawnParameters<tf.Tensor>): tf.Tensor4D;
  /** If the images are only resampled along rows and columns: how. Neighbours of that kind are applied as one. */
  resampling?(shape: ImageShape, drawn: DrawnParameters<tf.Tensor>): Resampling;
  /** Changes labels too. @param labels float32 [batch, classes], rows that sum to 1 */
  labels?(labels: tf.Tensor2D, drawn: DrawnParameters<tf.Tensor>): tf.Tensor2D;
}

/** The shape is left as it is. */
export function sameShape(shape: ImageShape): ImageShape {
  return shape;
}

/** For augmentations that draw nothing. */
export const drawsNothing = { parameters: (): Parameters => ({}), draw: (): void => undefined };

/** @throws ShapeError unless images have red, green and blue */
export function needsColour(name: string, shape: ImageShape): ImageShape {
  if (shape[2] !== 3)
    throw new ShapeError(`${name}: expected images of 3 channels, got ${shape[2]} ([${shape.join(", ")}])`);
  return shape;
}

/** A drawn number of each image [batch] as it broadcasts against images. */
export function perImage(drawn: tf.Tensor | undefined): tf.Tensor4D {
  return tf.reshape(tf.cast(drawn!, "float32"), [-1, 1, 1, 1]);
}

/** Arrays for the parameters of a batch. */
export function allocateDrawn(parameters: Parameters, batch: number): DrawnParameters<HostTensor> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { dtype, shape = [] }]) => [
      name,
      hostTensor(allocate(dtype, batch * sizeOf(shape)), [batch, ...shape], dtype),
    ]),
  );
}
