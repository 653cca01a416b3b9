/**
 * Layouts: in which order the elements of an image tensor [N, H, W, C] lie. TensorFlow.js has the channels last
 * ("plain"); convolutions of ONNX want them in front, and the blocked CPU convolutions in blocks of 8 or 16. A layout
 * other than plain says how a tensor gets there and back, and how per-channel vectors and reductions look in it, so that
 * elementwise chains between convolutions never change layout.
 */
import type { DType } from "../graph/graph.js";
import type { Lowering } from "./lowering.js";

export interface ImageLayout {
  readonly name: string;
  /** Whether an image tensor of this shape [N, H, W, C] can lie so. */
  accepts(shape: readonly number[]): boolean;
  /** Emits the change from plain, for a tensor of plain shape `shape`. */
  fromPlain(lowering: Lowering, name: string, shape: readonly number[], dtype: DType): string;
  /** Emits the change back to plain. */
  toPlain(lowering: Lowering, name: string, shape: readonly number[], dtype: DType): string;
  /** Emits the change from channels first, where that is shorter than by way of plain. */
  fromChannelsFirst?(lowering: Lowering, name: string, dtype: DType): string | undefined;
  /** Emits the change to channels first, where that is shorter than by way of plain. */
  toChannelsFirst?(
    lowering: Lowering,
    name: string,
    shape: readonly number[],
    dtype: DType,
  ): string | undefined;
  /** The shape under which images broadcast and are reduced, if it is not the shape in which they lie. */
  view?(shape: readonly number[]): readonly number[];
  /** The shape in which they lie. */
  imageShape(shape: readonly number[]): readonly number[];
  /**
   * The shape to which a smaller operand of plain shape [n, h, w, c] (lengths 1 where it broadcasts) is reshaped to
   * broadcast against images under `view`; undefined where its elements would have to move.
   */
  operandShape(shape: readonly number[]): readonly number[] | undefined;
  /** The axes of `view` that a reduction over plain axes becomes; undefined where what remains would be out of order. */
  reducedAxes(axes: readonly number[]): readonly number[] | undefined;
}

/** Whether the axes that a reduction leaves keep the channels apart from rows and columns, so that order cannot matter. */
export function leavesOrder(axes: readonly number[]): boolean {
  return axes.includes(3) || (axes.includes(1) && axes.includes(2));
}

/** Whether moving the channels of [n, h, w, c] to the front moves no element. */
export function movesNothing([, h, w, c]: readonly number[]): boolean {
  return c === 1 || (h === 1 && w === 1);
}

/** Channels in front, as in ONNX: [N, C, H, W]. */
export const channelsFirst: ImageLayout = {
  name: "nchw",
  accepts: (shape) => shape.length === 4,
  fromPlain: (lowering, name, shape) => {
    const [n, h, w, c] = shape;
    return movesNothing(shape)
      ? lowering.reshape(name, [n!, c!, h!, w!])
      : lowering.transpose(name, [0, 3, 1, 2]);
  },
  toPlain: (lowering, name, shape) =>
    movesNothing(shape) ? lowering.reshape(name, shape) : lowering.transpose(name, [0, 2, 3, 1]),
  imageShape: ([n, h, w, c]) => [n!, c!, h!, w!],
  operandShape: (shape) => {
    const [n, h, w, c] = shape;
    return movesNothing(shape) ? [n!, c!, h!, w!] : undefined;
  },
  reducedAxes: (axes) =>
    leavesOrder(axes) ? axes.map((axis) => [0, 2, 3, 1][axis]!).sort((a, b) => a - b) : undefined,
};
