/** Data sets as .beton files: an image and a class number a sample. */
import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { ConfigError, DataError } from "../support/errors.js";
import type { BetonImage } from "./beton/encode.js";
import type { BetonFields } from "./beton/layout.js";
import { type BetonWriteOptions, writeBeton } from "./beton/writer.js";
import type { ImageDataset } from "./dataset.js";
import { decodeImage } from "./decode.js";
import { listImageFolder } from "./image-folder.js";
import { countParquet, listParquet, type ParquetOptions, parquetRows } from "./parquet.js";

const fields: BetonFields = { image: { type: "rgb" }, label: { type: "int" } };
const modes = ["raw", "jpg", "smart", "proportion"] as const;

/** The options of a command line, checked. @throws ConfigError naming the one that is out of range */
export function betonOptions(
  given: Readonly<Record<"images" | "quality" | "threshold" | "share", string>>,
): BetonWriteOptions {
  const images = modes.find((mode) => mode === given.images);
  if (!images) throw new ConfigError(`--images ${given.images}: expected ${modes.join(", ")}`);
  const number = (name: "quality" | "threshold" | "share", low: number, high: number): number => {
    const value = Number(given[name]);
    if (!(value >= low && value <= high))
      throw new ConfigError(`--${name} ${given[name]}: expected ${low} to ${high}`);
    return value;
  };
  return {
    images,
    quality: number("quality", 1, 100),
    threshold: number("threshold", 0, Number.MAX_SAFE_INTEGER),
    share: number("share", 0, 1),
  };
}

/** Writes a data set that is in memory; grey images get three equal channels, for the format has colour images only. */
export async function convertDataset(
  dataset: ImageDataset,
  path: string,
  options: BetonWriteOptions = {},
): Promise<void> {
  const { images, labels, count, height, width, channels } = dataset;
  const size = height * width * channels;
  const pixelsOf = (i: number): Uint8Array => {
    const pixels = images.subarray(i * size, (i + 1) * size);
    return channels === 3
      ? pixels
      : Uint8Array.from({ length: 3 * size }, (_, p) => pixels[Math.floor(p / 3)]!);
  };
  const image = (i: number): BetonImage => ({ width, height, pixels: async () => pixelsOf(i) });
  await writeBeton(path, fields, count, async (i) => ({ image: image(i), label: labels[i]! }), options);
}

/** An encoded image to be written in its own size; a JPEG file is kept as it is where JPEG is wanted. */
async function encodedImage(bytes: Uint8Array, name: string): Promise<BetonImage> {
  try {
    const { format, width, height, space } = await sharp(bytes).metadata();
    return {
      width,
      height,
      pixels: async () => (await decodeImage(bytes, { channels: 3 }, name)).pixels,
      jpeg: format === "jpeg" && space === "srgb" ? bytes : undefined,
    };
  } catch (error) {
    throw new DataError(`${name}: expected an image, got ${(error as Error).message}`, { cause: error });
  }
}

/** Writes the images of a folder in their own sizes; some of them are in memory at a time. */
export async function convertFolder(
  root: string,
  split: "train" | "test",
  path: string,
  options: BetonWriteOptions = {},
): Promise<void> {
  const { folder, files, labels } = listImageFolder(root, split);
  const imageOf = async (file: string): Promise<BetonImage> => {
    const name = `${folder}/${file}`;
    return encodedImage(await readFile(name), `file ${name}`);
  };
  const sample = async (i: number) => ({ image: await imageOf(files[i]!), label: labels[i]! });
  await writeBeton(path, fields, files.length, sample, options);
}

/** Writes the images of parquet files in their own sizes; a group of rows is in memory at a time. */
export async function convertParquet(
  folder: string,
  split: "train" | "test",
  path: string,
  columns: Pick<ParquetOptions, "image" | "label"> = {},
  options: BetonWriteOptions = {},
): Promise<void> {
  const paths = listParquet(folder, split);
  let count = 0;
  for (const each of paths) count += await countParquet(each, columns);
  const rows = parquetRows(paths, columns);
  // Samples are asked for in order, and a generator answers in order.
  const sample = async () => {
    const { value, done } = await rows.next();
    if (done) throw new DataError(`folder ${folder}: expected ${count} rows, got fewer`);
    return { image: await encodedImage(value.bytes, value.name), label: value.label };
  };
  try {
    await writeBeton(path, fields, count, sample, options);
  } finally {
    await rows.return(undefined);
  }
}
