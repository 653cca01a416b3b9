/** Opening a source: what reads its images one by one, decoded, resized or cropped, in a worker or in the main thread. */

import { type Box, wholeImage } from "../../augment/box.js";
import type { Key } from "../../random/index.js";
import { ConfigError, DataError } from "../../support/errors.js";
import { type Crop, type CropOptions, cropper } from "../crop/crop.js";
import { BoxResizer } from "../crop/resizer.js";
import { decodeImage } from "../decode.js";
import { type ImageSize, jpegEnds, jpegSize } from "../jpeg-size.js";
import { type JpegDecoder, turboDecoder, turboOpens } from "../turbo.js";
import type { SourceDescription } from "./source.js";
import { openStorage, type Storage, type Stored } from "./storage.js";

/** Images of a source, read one by one. */
export interface OpenSource {
  /**
   * Writes the pixels of a sample to `out` from `start` on: one image, or as many crops as are wanted.
   * @param epochKey what crops are drawn from @throws DataError naming the sample
   */
  read(sample: number, out: Uint8Array, start: number, epochKey: Key): void | Promise<void>;
  /** Memory for a batch, in which `gather` is fast; undefined when there is no more of it. */
  allocate?(bytes: number): Uint8Array | undefined;
  /** Reads the images of all samples to memory of `allocate`; false when they have to be read one by one. */
  gather?(samples: Uint32Array, into: Uint8Array): boolean;
  close(): void;
}

export interface OpenOptions {
  /** .beton files of up to so many bytes are held in memory; by default none. */
  readonly keep?: number | undefined;
  /** Samples of a batch, and bytes of all batches that are to be allocated. */
  readonly batches?: { readonly samples: number; readonly bytes: number } | undefined;
  /** Crops of the whole images in place of the images. */
  readonly crop?: CropOptions | undefined;
}

/** @throws DataError when a file cannot be opened; ConfigError when grey images are wanted of what makes none */
export function openSource(
  description: SourceDescription,
  shape: ImageSize,
  options: OpenOptions = {},
): OpenSource {
  const { channels, size, decoder = "auto" } = description;
  const { crop } = options;
  if (channels === 1 && (crop || decoder === "turbo"))
    throw new ConfigError(`${crop ? "crop" : "decoder turbo"}: expected images of 3 channels, got grey ones`);
  const storage = openStorage(description, shape, options);
  // Whole images are made smaller by sharp, which rounds otherwise; all else is the same bits by either.
  const same = channels === 3 && (crop !== undefined || size === undefined);
  const turbo =
    decoder === "turbo" || (decoder === "auto" && same && turboOpens()) ? turboDecoder() : undefined;
  return crop || (turbo && size !== undefined)
    ? partsOfImages(crop ? cropper(crop) : centreSquare, storage, shape, turbo)
    : wholeImages(description, storage, shape, turbo);
}

function checkSize(name: string, found: ImageSize, { height, width }: ImageSize): void {
  if (found.height !== height || found.width !== width)
    throw new DataError(
      `${name}: expected ${width} × ${height} pixels, got ${found.width} × ${found.height}`,
    );
}

/** Images as they are, or made smaller by sharp. */
function wholeImages(
  { channels, size }: SourceDescription,
  storage: Storage,
  shape: ImageSize,
  turbo: JpegDecoder | undefined,
): OpenSource {
  const length = channels * shape.height * shape.width;
  const decode = async ({ bytes, name, raw }: Stored, out: Uint8Array, start: number): Promise<void> => {
    const image = await decodeImage(bytes, { channels, size }, name, raw);
    checkSize(name, image, shape);
    out.set(image.pixels, start);
  };
  return {
    ...storage.gathering,
    read(sample, out, start) {
      if (storage.readPixels(sample, out, start)) return undefined;
      const stored = storage.stored(sample);
      if (turbo && !stored.raw) {
        const found = jpegSize(stored.bytes);
        if (found) checkSize(stored.name, found, shape);
        const memory = (): Uint8Array => out.subarray(start, start + length);
        if (found && turbo(stored.bytes, found, wholeImage(found), memory)) return undefined;
      }
      return decode(stored, out, start);
    },
    close: storage.close,
  };
}

const centreSquare = ({ height, width }: ImageSize): readonly Crop[] => {
  const side = Math.min(height, width);
  const box = { top: (height - side) >> 1, left: (width - side) >> 1, height: side, width: side };
  return [{ box, flipped: false }];
};

/** The part of an image that is wanted is decoded into a resizer's memory, and crops are made of it there. */
function partsOfImages(
  cropsOf: (size: ImageSize, epochKey: Key, sample: number) => readonly Crop[],
  storage: Storage,
  { height, width }: ImageSize,
  turbo: JpegDecoder | undefined,
): OpenSource {
  const image = new BoxResizer();
  const memory = (part: Box): Uint8Array => image.part(part);
  const finish = (crops: readonly Crop[], out: Uint8Array, start: number): void => {
    for (const [view, { box, flipped }] of crops.entries())
      image.resize(box, [height, width], flipped, out, start + view * 3 * height * width);
  };
  const asTheyAre = cropsOf === centreSquare;
  return {
    ...(asTheyAre ? storage.gathering : undefined),
    read(sample, out, start, epochKey) {
      if (asTheyAre && storage.readPixels(sample, out, start)) return undefined;
      const { bytes, name, raw } = storage.stored(sample);
      if (raw) {
        memory(wholeImage(raw)).set(bytes);
        finish(cropsOf(raw, epochKey, sample), out, start);
        return undefined;
      }
      // What is below a crop is not looked at: a file without an end is decoded as a whole, so that it is found out.
      const found = jpegEnds(bytes) ? jpegSize(bytes) : undefined;
      const crops = found && cropsOf(found, epochKey, sample);
      const part = crops && around(crops);
      if (!turbo || !part || !turbo(bytes, found!, part, memory))
        // Others are decoded meanwhile, but not between these two lines.
        return decodeImage(bytes, { channels: 3, part }, name).then((decoded) => {
          memory(part ?? wholeImage(decoded)).set(decoded.pixels);
          finish(crops ?? cropsOf(decoded, epochKey, sample), out, start);
        });
      finish(crops, out, start);
      return undefined;
    },
    close: storage.close,
  };
}

/** The smallest box that holds those of all crops. */
function around(crops: readonly Crop[]): Box {
  const top = Math.min(...crops.map(({ box }) => box.top));
  const left = Math.min(...crops.map(({ box }) => box.left));
  const bottom = Math.max(...crops.map(({ box }) => box.top + box.height));
  const right = Math.max(...crops.map(({ box }) => box.left + box.width));
  return { top, left, height: bottom - top, width: right - left };
}
