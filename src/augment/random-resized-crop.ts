/**
 * Random resized crop: a box of random area and aspect ratio, resized by antialiased bilinear interpolation. The box is
 * drawn as torchvision does it (RandomResizedCrop.get_params), ratio included: FFCV-SSL applies it to both sides, which
 * makes every crop a square.
 */
import type { Stream } from "../random/index.js";
import type { Augmentation, DrawnArrays, Parameters } from "./augmentation.js";
import { checkRange, checkSize, type Range, type Size } from "./check.js";
import { boxResampling, resampler } from "./resample.js";

/** Options of `randomResizedCrop`. */
export interface RandomResizedCropOptions {
  /** The range of the share of the image's area; [0.08, 1] by default. */
  readonly scale?: Range | undefined;
  /** The range of width / height; [3/4, 4/3] by default. */
  readonly ratio?: Range | undefined;
  /** Height and width of the result; by default the image's own. */
  readonly size?: Size | undefined;
}

export const boxParameters: Parameters<"top" | "left" | "height" | "width"> = {
  top: { dtype: "int32" },
  left: { dtype: "int32" },
  height: { dtype: "int32" },
  width: { dtype: "int32" },
};

/** Draws int32 top, left, height and width of the box, in pixels. */
export function randomResizedCrop(options: RandomResizedCropOptions = {}): Augmentation {
  const scale = checkRange("scale", options.scale ?? [0.08, 1], 0, 1);
  const ratio = checkRange("ratio", options.ratio ?? [3 / 4, 4 / 3], 1e-6);
  const size = options.size === undefined ? undefined : checkSize("size", options.size);
  const logRatio = [Math.log(ratio[0]), Math.log(ratio[1])] as const;
  return resampler({
    name: "randomResizedCrop",
    outputShape: ([height, width, channels]) => [size?.[0] ?? height, size?.[1] ?? width, channels],
    parameters: () => boxParameters,
    draw(stream, into, row, [height, width]) {
      for (let attempt = 0; attempt < 10; attempt++) {
        const area = height * width * stream.between(...scale);
        const aspect = Math.exp(stream.between(...logRatio));
        const h = Math.round(Math.sqrt(area / aspect));
        const w = Math.round(Math.sqrt(area * aspect));
        if (h < 1 || w < 1 || h > height || w > width) continue;
        return drawPlace(stream, into, row, [height, width], h, w);
      }
      // No box of the wanted shape fits: the largest one in the middle whose ratio is in range.
      const aspect = Math.min(ratio[1], Math.max(ratio[0], width / height));
      const h = Math.max(1, Math.min(height, Math.round(width / aspect)));
      const w = Math.max(1, Math.min(width, Math.round(height * aspect)));
      setBox(into, row, (height - h) >> 1, (width - w) >> 1, h, w);
    },
    resampling: (shape, drawn) => boxResampling(shape, drawn, size ?? [shape[0], shape[1]]),
  });
}

/** Draws where in the image a box of h × w lies, and sets it. */
export function drawPlace(
  stream: Stream,
  into: DrawnArrays,
  row: number,
  [height, width]: readonly [number, number],
  h: number,
  w: number,
): void {
  const top = stream.integer(0, height - h + 1);
  const left = stream.integer(0, width - w + 1);
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
