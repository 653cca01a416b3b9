/** Crops at a fixed place: the middle or a corner, as evaluation wants them. */
import { hostTensor } from "../engine/host.js";
import { constant } from "../engine/trace/trace.js";
import { ConfigError } from "../support/errors.js";
import { type Augmentation, drawsNothing, type ImageShape } from "./augmentation.js";
import { checkSize, type Size } from "./check.js";
import { boxResampling, resampler } from "./resample.js";

/** Options of `centerCrop`. */
export interface CenterCropOptions {
  /** Side of the square crop as a share of the image's shorter side, in (0, 1]; 1 by default. */
  readonly ratio?: number | undefined;
  /** Height and width to which the crop is resized; by default it keeps its own. */
  readonly size?: Size | undefined;
}

export const corners = ["top-left", "top-right", "bottom-left", "bottom-right"] as const;
/** A corner of an image. */
export type Corner = (typeof corners)[number];

/** Options of `cornerCrop`. */
export interface CornerCropOptions extends CenterCropOptions {
  /** `top-left` by default. */
  readonly corner?: Corner | undefined;
}

/** The square in the middle, as FFCV's CenterCrop; without a resize it is torchvision's. It draws nothing. */
export function centerCrop(options: CenterCropOptions = {}): Augmentation {
  return fixedCrop("centerCrop", options, (space) => [space[0] >> 1, space[1] >> 1]);
}

/**
 * The square in a corner. FFCV-SSL's CornerCrop takes the bottom for the top; ours does what its name says. It draws
 * nothing.
 */
export function cornerCrop(options: CornerCropOptions = {}): Augmentation {
  const { corner = "top-left" } = options;
  const [vertical, horizontal] = corner.split("-");
  return fixedCrop("cornerCrop", options, ([y, x]) => [
    vertical === "top" ? 0 : y,
    horizontal === "left" ? 0 : x,
  ]);
}

/** @param place the crop's top left corner, from how many pixels it leaves */
function fixedCrop(
  name: string,
  { ratio = 1, size }: CenterCropOptions,
  place: (space: readonly [number, number]) => readonly [number, number],
): Augmentation {
  if (!(ratio > 0 && ratio <= 1))
    throw new ConfigError(`${name}.ratio: expected more than 0 and at most 1, got ${ratio}`);
  const target = size === undefined ? undefined : checkSize(`${name}.size`, size);
  const side = ([height, width]: ImageShape): number =>
    Math.max(1, Math.floor(ratio * Math.min(height, width)));
  const outSize = (shape: ImageShape) => target ?? ([side(shape), side(shape)] as const);
  const number = (value: number) => constant(hostTensor(Float32Array.of(value), [1]));
  return resampler({
    name,
    ...drawsNothing,
    outputShape: (shape) => [...outSize(shape), shape[2]],
    resampling(shape) {
      const length = side(shape);
      const [top, left] = place([shape[0] - length, shape[1] - length]);
      const box = { top: number(top), left: number(left), height: number(length), width: number(length) };
      return boxResampling(shape, box, outSize(shape));
    },
  });
}
