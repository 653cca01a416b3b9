/**
 * Encoded images (JPEG, PNG, WebP) to bytes, by sharp. Pixels are taken as they are stored: no colour profile is
 * applied, the orientation of a camera is not either, transparency is dropped; so does PIL's `convert("RGB")`.
 */
import sharp from "sharp";
import type { Box } from "../augment/box.js";
import { DataError } from "../support/errors.js";

// Each image is decoded by one thread; parallel are the images.
sharp.concurrency(1);
sharp.cache(false);

export interface DecodeOptions {
  /** Grey images have 1 channel, colour images 3; what is stored is converted. */
  readonly channels: 1 | 3;
  /**
   * The side in pixels of the square that images become: their centre square, resized. Without it images keep their
   * size.
   */
  readonly size?: number | undefined;
}

/** Of one image. */
export interface DecodePartOptions extends DecodeOptions {
  /** The box that is wanted of it; what lies below is not decoded, nor looked at. */
  readonly part?: Box | undefined;
}

export interface DecodedImage {
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Images of one size, one after the other. */
export interface DecodedImages {
  /** [count, height, width, channels] */
  readonly images: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** How many images are in work at a time; sharp decodes them on libuv's threads. */
const parallel = 8;

/**
 * Decodes many images, which must have one size, unless `size` makes them have one.
 * @param encoded the bytes of image i, and its name for errors
 * @param onProgress called with the number of images decoded and of all
 */
export async function decodeImages(
  count: number,
  encoded: (i: number) => Promise<{ bytes: Uint8Array; name: string }>,
  options: DecodeOptions,
  onProgress?: (done: number, total: number) => void,
): Promise<DecodedImages> {
  const decode = async (i: number): Promise<DecodedImage & { name: string }> => {
    const { bytes, name } = await encoded(i);
    return { name, ...(await decodeImage(bytes, options, name)) };
  };
  const { height, width } = await decode(0);
  const length = height * width * options.channels;
  if (count * length > mostBytes)
    throw new DataError(
      `${count} images of ${width} × ${height} pixels: expected at most 4 GB of pixels to be held in memory; convert them to .beton and stream it, or give a smaller size`,
    );
  const images = new Uint8Array(count * length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      const image = await decode(i);
      if (image.height !== height || image.width !== width)
        throw new DataError(
          `${image.name}: expected ${width} × ${height} pixels as the first image has, got ${image.width} × ${image.height}; give a size to resize all`,
        );
      images.set(image.pixels, i * length);
      onProgress?.(++done, count);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, work));
  } finally {
    next = count;
  }
  return { images, height, width };
}

/** A set of images that is decoded as a whole may not be larger. */
const mostBytes = 4e9;

/** More pixels than any image that one trains on; a corrupt header cannot fill the memory. */
const mostPixels = 1 << 26;

/** RGB pixels that are given as they are, in place of an encoded image. */
export interface RawPixels {
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes one image; `name` appears in errors.
 * @param raw the size of the image where `bytes` are RGB pixels already, to be resized or made grey
 * @throws DataError when it is no image or a corrupt one
 */
export async function decodeImage(
  bytes: Uint8Array,
  { channels, size, part }: DecodePartOptions,
  name = "image",
  raw?: RawPixels,
): Promise<DecodedImage> {
  try {
    const pixels = raw && { raw: { width: raw.width, height: raw.height, channels: 3 as const } };
    const image = sharp(bytes, {
      ...pixels,
      ignoreIcc: true,
      limitInputPixels: mostPixels,
      failOn: "warning",
    });
    if (part) image.extract(part);
    if (size !== undefined)
      image.resize(size, size, { fit: "cover", kernel: "linear", fastShrinkOnLoad: false });
    const { data, info } = await image
      .removeAlpha()
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== channels)
      throw new DataError(`${name}: expected ${channels} channels, got ${info.channels}`);
    return { pixels: data, height: info.height, width: info.width };
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${name}: expected an image, got ${(error as Error).message}`, { cause: error });
  }
}
