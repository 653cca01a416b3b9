/** Opening a source: what reads its images one by one, decoded, resized or cropped, in a worker or in the main thread. */
import { readFileSync } from "node:fs";
import type { Key } from "../../random/index.js";
import { ConfigError, DataError } from "../../support/errors.js";
import { GatherMemory } from "../beton/gather.js";
import { BetonFile } from "../beton/reader.js";
import { type CropOptions, cropper } from "../crop/crop.js";
import { BoxResizer } from "../crop/resizer.js";
import { decodeImage, type RawPixels } from "../decode.js";
import { turboDecoder } from "../turbo.js";
import type { ImageSource, SourceDescription } from "./source.js";

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

type Shape = Pick<ImageSource, "height" | "width">;

/** An image as it is stored, and its name for errors; `raw` is given where the bytes are pixels. */
interface Stored {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly raw?: RawPixels | undefined;
}

interface Storage {
  stored(sample: number): Stored;
  /** Reads pixels that need nothing done to them to where they belong; says whether it could. */
  readPixels(sample: number, out: Uint8Array, start: number): boolean;
  readonly gathering?: Required<Pick<OpenSource, "allocate" | "gather">> | undefined;
  close(): void;
}

/** @throws DataError when a file cannot be opened; ConfigError when grey images are wanted of what makes none */
export function openSource(
  description: SourceDescription,
  shape: Shape,
  options: OpenOptions = {},
): OpenSource {
  const { channels, decoder } = description;
  const { crop } = options;
  if (channels === 1 && (crop || decoder === "turbo"))
    throw new ConfigError(`${crop ? "crop" : "decoder turbo"}: expected images of 3 channels, got grey ones`);
  const storage =
    description.type === "files" ? openFiles(description) : openBeton(description, shape, options);
  return crop || decoder === "turbo"
    ? throughMemory(description, storage, shape, crop)
    : throughSharp(description, storage, shape);
}

function openFiles({ files }: Extract<SourceDescription, { type: "files" }>): Storage {
  return {
    stored(sample) {
      const name = `file ${files[sample]}`;
      try {
        return { name, bytes: readFileSync(files[sample]!) };
      } catch (error) {
        throw new DataError(`${name}: ${(error as Error).message}`, { cause: error });
      }
    },
    readPixels: () => false,
    close() {},
  };
}

function openBeton(
  { path, image: field, channels }: Extract<SourceDescription, { type: "beton" }>,
  { height, width }: Shape,
  { keep = 0, batches }: OpenOptions,
): Storage {
  const file = new BetonFile(path);
  const placeOf = channels === 3 ? file.rawPlaces(field, height, width) : () => -1;
  const size = 3 * height * width;
  const gathering =
    file.length <= keep && batches && GatherMemory.fits(file.length, batches.samples, batches.bytes)
      ? new GatherMemory(file.length, batches.samples, batches.bytes)
      : undefined;
  if (file.length <= keep) file.keep(gathering?.file);
  return {
    gathering: gathering && {
      allocate: (bytes) => gathering.allocate(bytes),
      gather(samples, into) {
        try {
          return gathering.gather(samples, placeOf, size, into);
        } catch (error) {
          // Read one by one, the others of the batch are there, and this one is named.
          if (error instanceof DataError) return false;
          throw error;
        }
      },
    },
    stored(sample) {
      const image = file.image(field, sample);
      const name = `file ${path}: sample ${sample}: byte ${image.place}`;
      return { name, bytes: image.data, raw: image.mode === "raw" ? image : undefined };
    },
    readPixels(sample, out, start) {
      const place = placeOf(sample);
      if (place < 0) return false;
      file.readAt(place, size, out, start);
      return true;
    },
    close: () => file.close(),
  };
}

function checkSize(name: string, found: Shape, { height, width }: Shape): void {
  if (found.height !== height || found.width !== width)
    throw new DataError(
      `${name}: expected ${width} × ${height} pixels, got ${found.width} × ${found.height}`,
    );
}

function throughSharp({ channels, size }: SourceDescription, storage: Storage, shape: Shape): OpenSource {
  const decode = async ({ bytes, name, raw }: Stored, out: Uint8Array, start: number): Promise<void> => {
    const image = await decodeImage(bytes, { channels, size }, name, raw);
    checkSize(name, image, shape);
    out.set(image.pixels, start);
  };
  return {
    ...storage.gathering,
    read(sample, out, start) {
      if (storage.readPixels(sample, out, start)) return undefined;
      return decode(storage.stored(sample), out, start);
    },
    close: storage.close,
  };
}

/** The whole image is decoded into a resizer's memory, and crops or the centre square are made of it there. */
function throughMemory(
  { size, decoder }: SourceDescription,
  storage: Storage,
  shape: Shape,
  crop: CropOptions | undefined,
): OpenSource {
  const image = new BoxResizer();
  const memory = (height: number, width: number): Uint8Array => image.image(height, width);
  const decodeJpeg = decoder === "turbo" ? turboDecoder() : () => false;
  const crops = crop && cropper(crop, [shape.height, shape.width]);
  const finish = (name: string, sample: number, out: Uint8Array, start: number, epochKey: Key): void => {
    const { height, width } = image;
    if (crops) crops(image, epochKey, sample, out, start);
    else if (size === undefined) {
      checkSize(name, image, shape);
      out.set(image.image(height, width), start);
    } else {
      const side = Math.min(height, width);
      const box = { top: (height - side) >> 1, left: (width - side) >> 1, height: side, width: side };
      image.resize(box, [size, size], false, out, start);
    }
  };
  return {
    ...(crops ? undefined : storage.gathering),
    read(sample, out, start, epochKey) {
      if (!crops && storage.readPixels(sample, out, start)) return undefined;
      const { bytes, name, raw } = storage.stored(sample);
      if (raw) memory(raw.height, raw.width).set(bytes);
      else if (!decodeJpeg(bytes, memory))
        return decodeImage(bytes, { channels: 3 }, name).then(({ pixels, height, width }) => {
          memory(height, width).set(pixels);
          finish(name, sample, out, start, epochKey);
        });
      finish(name, sample, out, start, epochKey);
      return undefined;
    },
    close: storage.close,
  };
}
