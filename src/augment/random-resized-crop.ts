/**
 * Random resized crop: a box of random area and aspect ratio, resized by antialiased bilinear interpolation. The box is
 * drawn as torchvision does it (RandomResizedCrop.get_params), ratio included: FFCV-SSL applies it to both sides, which
 * makes every crop a square.
 */
import type { Stream } from "../random/index.js";
import { ConfigError } from "../support/errors.js";
import type { Augmentation, DrawnArrays } from "./augmentation.js";
import { type Box, boxParameters, drawPlace, setBox, wholeImage } from "./box.js";
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
  /**
   * The number of an earlier view. Both views begin with such a crop, and this one lies above, below, left or right of that
   * one's, in any place as likely; where that takes the whole image, anywhere.
   */
  readonly apartFrom?: number | undefined;
}

/** Draws int32 top, left, height and width of the box, in pixels. */
export function randomResizedCrop(options: RandomResizedCropOptions = {}): Augmentation {
  const scale = checkRange("scale", options.scale ?? [0.08, 1], 0, 1);
  const ratio = checkRange("ratio", options.ratio ?? [3 / 4, 4 / 3], 1e-6);
  const size = options.size === undefined ? undefined : checkSize("size", options.size);
  const { apartFrom } = options;
  const logRatio = [Math.log(ratio[0]), Math.log(ratio[1])] as const;
  return resampler({
    name: "randomResizedCrop",
    outputShape: ([height, width, channels]) => [size?.[0] ?? height, size?.[1] ?? width, channels],
    parameters: () => boxParameters,
    draw(stream, into, row, [height, width], _sample, earlier) {
      const free = apartFrom === undefined ? [] : stripsBeside(boxOf(earlier, apartFrom, row), height, width);
      const regions = free.length > 0 ? free : [wholeImage({ height, width })];
      for (let attempt = 0; attempt < 10; attempt++) {
        const area = height * width * stream.between(...scale);
        const aspect = Math.exp(stream.between(...logRatio));
        const h = Math.round(Math.sqrt(area / aspect));
        const w = Math.round(Math.sqrt(area * aspect));
        const fitting = regions.filter((region) => h <= region.height && w <= region.width);
        if (h < 1 || w < 1 || fitting.length === 0) continue;
        return drawPlace(stream, into, row, chosen(stream, fitting, h, w), h, w);
      }
      // No box of the wanted shape fits: the largest one in the middle whose ratio is in range.
      const room = regions.reduce((a, b) => (b.height * b.width > a.height * a.width ? b : a));
      const aspect = Math.min(ratio[1], Math.max(ratio[0], room.width / room.height));
      const h = Math.max(1, Math.min(room.height, Math.round(room.width / aspect)));
      const w = Math.max(1, Math.min(room.width, Math.round(room.height * aspect)));
      setBox(into, row, room.top + ((room.height - h) >> 1), room.left + ((room.width - w) >> 1), h, w);
    },
    resampling: (shape, drawn) => boxResampling(shape, drawn, size ?? [shape[0], shape[1]]),
  });
}

/** The box that an earlier view drew. @throws ConfigError when there is none */
function boxOf(earlier: readonly DrawnArrays[] | undefined, view: number, row: number): Box {
  const { top, left, height, width } = earlier?.[view] ?? {};
  if (!(top && left && height && width))
    throw new ConfigError(
      `randomResizedCrop: apartFrom: expected to stand first in its view, and the number of an earlier view that begins with a randomResizedCrop, got ${view}`,
    );
  return { top: top[row]!, left: left[row]!, height: height[row]!, width: width[row]! };
}

/** What lies above, below, left and right of a box, as far as there is anything. */
function stripsBeside(box: Box, height: number, width: number): Box[] {
  const [bottom, right] = [box.top + box.height, box.left + box.width];
  return [
    { top: 0, left: 0, height: box.top, width },
    { top: bottom, left: 0, height: height - bottom, width },
    { top: 0, left: 0, height, width: box.left },
    { top: 0, left: right, height, width: width - right },
  ].filter((strip) => strip.height > 0 && strip.width > 0);
}

/** One of the regions, by the number of places that a box of h × w has in each. */
function chosen(stream: Stream, regions: readonly Box[], h: number, w: number): Box {
  if (regions.length === 1) return regions[0]!;
  const places = regions.map(({ height, width }) => (height - h + 1) * (width - w + 1));
  const total = places.reduce((sum, count) => sum + count, 0);
  let place = stream.integer(0, total);
  return regions.find((_, i) => {
    place -= places[i]!;
    return place < 0;
  })!;
}
