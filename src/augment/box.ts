/** Boxes: rectangles of an image that are cut out of it, decoded or filled, and drawing where they lie. */
import type { Stream } from "../random/index.js";
import type { DrawnArrays, Parameters } from "./augmentation.js";

/** A box of an image in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The box of all of an image. */
export function wholeImage({ height, width }: Pick<Box, "height" | "width">): Box {
  return { top: 0, left: 0, height, width };
}

export const boxParameters: Parameters<"top" | "left" | "height" | "width"> = {
  top: { dtype: "int32" },
  left: { dtype: "int32" },
  height: { dtype: "int32" },
  width: { dtype: "int32" },
};

/** Draws where in a region a box of h × w lies, and sets it. */
export function drawPlace(
  stream: Stream,
  into: DrawnArrays,
  row: number,
  region: Box,
  h: number,
  w: number,
): void {
  const top = stream.integer(region.top, region.top + region.height - h + 1);
  const left = stream.integer(region.left, region.left + region.width - w + 1);
  setBox(into, row, top, left, h, w);
}

/** Sets the drawn box of an image. */
export function setBox(
  { top, left, height, width }: DrawnArrays,
  row: number,
  y: number,
  x: number,
  h: number,
  w: number,
): void {
  top![row] = y;
  left![row] = x;
  height![row] = h;
  width![row] = w;
}
