/** Padding: a border around the image, by itself or with a random crop of the result, the standard of small images. */
import { tf } from "../engine/tf.js";
import { ShapeError } from "../support/errors.js";
import { type Augmentation, drawsNothing, type ImageShape } from "./augmentation.js";
import { type Border, placeInside } from "./border.js";
import { checkSize, checkWhole, type Size } from "./check.js";
import { type Fill, filledResampler } from "./fill.js";
import { perMatrix, pickMatrices } from "./resample.js";

/** Options of `pad`. */
export interface PadOptions {
  /** Pixels on every side, or [top, right, bottom, left]; 4 by default. */
  readonly padding?: number | readonly [number, number, number, number] | undefined;
  /** What stands there; `constant` by default. */
  readonly border?: Border | undefined;
  /** The colour of a constant border; 0 by default. */
  readonly fill?: Fill | undefined;
}

/** Adds a border, as torchvision's Pad. It draws nothing. */
export function pad({ padding = 4, border = "constant", fill = 0 }: PadOptions = {}): Augmentation {
  const [top, right, bottom, left] =
    typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  for (const side of [top, right, bottom, left]) checkWhole("pad.padding", side);
  return filledResampler(
    {
      name: "pad",
      ...drawsNothing,
      outputShape(shape) {
        checkReach("pad", shape, border, Math.max(top, bottom), Math.max(left, right));
        return [top + shape[0] + bottom, left + shape[1] + right, shape[2]];
      },
      resampling: ([height, width]) => ({
        rows: pickMatrices("rows", height, top + height + bottom, (place) =>
          placeInside(tf.sub(place, top), height, border),
        ),
        columns: pickMatrices("columns", width, left + width + right, (place) =>
          placeInside(tf.sub(place, left), width, border),
        ),
      }),
    },
    fill,
  );
}

/** A mirror shows an image once: beyond its length there is nothing. */
function checkReach(
  name: string,
  shape: ImageShape,
  border: Border,
  vertical: number,
  horizontal: number,
): void {
  const beyond = border === "symmetric" ? 1 : 0;
  const mirrored = border === "reflect" || border === "symmetric";
  if (mirrored && (vertical >= shape[0] + beyond || horizontal >= shape[1] + beyond))
    throw new ShapeError(
      `${name}: expected a ${border} border smaller than the image, got ${Math.max(vertical, horizontal)} for [${shape.join(", ")}]`,
    );
}

/** Options of `randomCrop`. */
export interface RandomCropOptions {
  /** Pixels added on every side before the crop; 4 by default. */
  readonly padding?: number | undefined;
  /** Height and width of the crop; by default the image's own. */
  readonly size?: Size | undefined;
  /** What stands in the padding; `constant` by default. */
  readonly border?: Border | undefined;
  /** The colour of a constant border; 0 by default. */
  readonly fill?: Fill | undefined;
}

/** Pads, then crops at a random place, as torchvision's RandomCrop. Draws int32 top and left in the padded image. */
export function randomCrop(options: RandomCropOptions = {}): Augmentation {
  const { padding = 4, border = "constant", fill = 0 } = options;
  checkWhole("randomCrop.padding", padding);
  const size = options.size === undefined ? undefined : checkSize("randomCrop.size", options.size);
  const sizeOf = (shape: ImageShape) => size ?? ([shape[0], shape[1]] as const);
  return filledResampler(
    {
      name: "randomCrop",
      outputShape(shape) {
        const [height, width] = sizeOf(shape);
        checkReach("randomCrop", shape, border, padding, padding);
        if (height > shape[0] + 2 * padding || width > shape[1] + 2 * padding)
          throw new ShapeError(
            `randomCrop.size: expected at most ${shape[0] + 2 * padding} × ${shape[1] + 2 * padding}, the padded image, got ${height} × ${width}`,
          );
        return [height, width, shape[2]];
      },
      parameters: () => ({ top: { dtype: "int32" }, left: { dtype: "int32" } }),
      draw(stream, { top, left }, row, shape) {
        const [height, width] = sizeOf(shape);
        top![row] = stream.integer(0, shape[0] + 2 * padding - height + 1);
        left![row] = stream.integer(0, shape[1] + 2 * padding - width + 1);
      },
      resampling(shape, { top, left }) {
        const [height, width] = sizeOf(shape);
        const from = (begin: tf.Tensor | undefined, length: number) => (place: tf.Tensor) =>
          placeInside(tf.add(place, tf.sub(perMatrix(begin), padding)), length, border);
        return {
          rows: pickMatrices("rows", shape[0], height, from(top, shape[0])),
          columns: pickMatrices("columns", shape[1], width, from(left, shape[1])),
        };
      },
    },
    fill,
  );
}
