/** Images as data URLs, which Vega-Lite, SVG and HTML can show; small ones are enlarged so that their pixels stay sharp. */
import sharp from "sharp";
import { formatShape, ShapeError } from "../support/errors.js";

/** A batch of images, bytes, NHWC, of 1 or 3 channels. */
export interface ImageBatch {
  readonly images: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The number of images in a batch. @throws ShapeError unless the bytes are whole images of 1 or 3 channels */
export function countImages({ images, height, width, channels }: ImageBatch): number {
  const count = images.length / (height * width * channels);
  if (!Number.isInteger(count) || (channels !== 1 && channels !== 3))
    throw new ShapeError(
      `images: expected whole images of ${formatShape([height, width, channels])} with 1 or 3 channels, got ${images.length} bytes`,
    );
  return count;
}

/** PNG bytes of one image of a batch. @param scale whole number of screen pixels to a pixel */
export async function imageToPng(batch: ImageBatch, index: number, scale = 1): Promise<Uint8Array> {
  const { images, height, width, channels } = batch;
  if (!(index >= 0 && index < countImages(batch)))
    throw new ShapeError(`image ${index}: expected one of ${countImages(batch)}`);
  const size = height * width * channels;
  const raw = { width, height, channels: channels as 1 | 3 };
  return sharp(images.subarray(index * size, (index + 1) * size), { raw })
    .resize(width * scale, height * scale, { kernel: "nearest" })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** One image of a batch as `data:image/png;base64,…`. */
export async function imageToUrl(batch: ImageBatch, index: number, scale = 1): Promise<string> {
  return `data:image/png;base64,${Buffer.from(await imageToPng(batch, index, scale)).toString("base64")}`;
}
