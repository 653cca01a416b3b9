/**
 * Taking a rectangle out of an image: random erasing (Zhong et al. 2020, arXiv 1708.04896), of random area and aspect
 * ratio, and cutout (DeVries & Taylor 2017, arXiv 1708.04552), a square of fixed size. FFCV-SSL's erasing crashes.
 */
import { tf } from "../engine/tf.js";
import { ShapeError } from "../support/errors.js";
import { type Augmentation, type DrawnParameters, perImage, sameShape } from "./augmentation.js";
import { boxParameters, drawPlace, setBox, wholeImage } from "./box.js";
import { checkProbability, checkRange, checkWhole, type Range } from "./check.js";
import { type Fill, perChannel } from "./fill.js";
import { counting } from "./resample.js";

/** Options of `randomErasing`. */
export interface RandomErasingOptions {
  /** The range of the share of the image's area; [0.08, 0.4] by default. */
  readonly scale?: Range | undefined;
  /** The range of height / width; [0.3, 3] by default. */
  readonly ratio?: Range | undefined;
  /** The colour of the rectangle; 0.5 by default. */
  readonly fill?: Fill | undefined;
  /** How often it is applied; 0.5 by default. */
  readonly probability?: number | undefined;
}

/** Draws int32 top, left, height and width of the rectangle; a height and width of 0 where it is not applied. */
export function randomErasing(options: RandomErasingOptions = {}): Augmentation {
  const { fill = 0.5, probability = 0.5 } = options;
  const scale = checkRange("randomErasing.scale", options.scale ?? [0.08, 0.4], 0, 1);
  const ratio = checkRange("randomErasing.ratio", options.ratio ?? [0.3, 3], 1e-6);
  const logRatio = [Math.log(ratio[0]), Math.log(ratio[1])] as const;
  checkProbability("randomErasing.probability", probability);
  return {
    name: "randomErasing",
    outputShape: sameShape,
    parameters: () => boxParameters,
    draw(stream, into, row, [height, width]) {
      setBox(into, row, 0, 0, 0, 0);
      if (!stream.chance(probability)) return;
      for (let attempt = 0; attempt < 10; attempt++) {
        const area = height * width * stream.between(...scale);
        const aspect = Math.exp(stream.between(...logRatio));
        const h = Math.round(Math.sqrt(area * aspect));
        const w = Math.round(Math.sqrt(area / aspect));
        if (h < 1 || w < 1 || h >= height || w >= width) continue;
        return drawPlace(stream, into, row, wholeImage({ height, width }), h, w);
      }
    },
    apply: (images, drawn) => fillBox("randomErasing", images, drawn, fill),
  };
}

/** Options of `cutout`. */
export interface CutoutOptions {
  /** Side of the square in pixels; 8 by default. */
  readonly size?: number | undefined;
  /** The colour of the square; 0 by default. */
  readonly fill?: Fill | undefined;
}

/** Draws int32 top, left, height and width of the square, which lies within the image, as in FFCV. */
export function cutout({ size = 8, fill = 0 }: CutoutOptions = {}): Augmentation {
  checkWhole("cutout.size", size, 1);
  return {
    name: "cutout",
    outputShape(shape) {
      if (size > Math.min(shape[0], shape[1]))
        throw new ShapeError(
          `cutout.size: expected at most the image's side, got ${size} for [${shape.join(", ")}]`,
        );
      return shape;
    },
    parameters: () => boxParameters,
    draw: (stream, into, row, [height, width]) =>
      drawPlace(stream, into, row, wholeImage({ height, width }), size, size),
    apply: (images, drawn) => fillBox("cutout", images, drawn, fill),
  };
}

/** The images with a drawn box in one colour. */
function fillBox(
  name: string,
  images: tf.Tensor4D,
  { top, left, height, width }: DrawnParameters<tf.Tensor>,
  fill: Fill,
): tf.Tensor4D {
  const [, channels, imageHeight, imageWidth] = images.shape;
  const rows = within(counting(imageHeight, [1, 1, imageHeight, 1]), perImage(top), perImage(height));
  const columns = within(counting(imageWidth, [1, 1, 1, imageWidth]), perImage(left), perImage(width));
  const inside = tf.logicalAnd(rows, columns);
  return tf.where(inside, perChannel(`${name}.fill`, fill, channels), images) as tf.Tensor4D;
}

/** Whether places lie in begin … begin + extent. */
function within(place: tf.Tensor, begin: tf.Tensor, extent: tf.Tensor): tf.Tensor {
  return tf.logicalAnd(tf.greaterEqual(place, begin), tf.less(place, tf.add(begin, extent)));
}
