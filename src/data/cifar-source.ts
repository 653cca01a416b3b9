/**
 * Where CIFAR comes from: the official binary files, or a copy of it as images, one folder a class. A copy as JPEG has
 * slightly other pixels, which its name says, so that no result made with it passes for one of the original.
 */
import { existsSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { key, permutation } from "../random/index.js";
import { DataError } from "../support/errors.js";
import { type CifarName, cifar, findCifar, provideCifar } from "./cifar.js";
import type { ImageDataset } from "./dataset.js";
import { type ImageFolderOptions, imageFolder, listImageFolder } from "./image-folder.js";

const titles: Readonly<Record<CifarName, string>> = { cifar10: "CIFAR-10", cifar100: "CIFAR-100" };
const classes: Readonly<Record<CifarName, number>> = { cifar10: 10, cifar100: 100 };

/** The folder that the environment names for a variant: JESSL_CIFAR10 or JESSL_CIFAR100. */
function namedFolder(variant: CifarName): string | undefined {
  return process.env[`JESSL_${variant.toUpperCase()}`] || undefined;
}

/** The folder of a variant's files when they are on this machine: the one that the environment names, or the cache's. */
export function cifarFolder(variant: CifarName): string | undefined {
  return namedFolder(variant) ?? findCifar(variant);
}

/**
 * `cifar10` for the official files and for copies that keep every pixel, `CIFAR-10 (JPEG copy)` for one in that format.
 * @param folder where the files are; by default where `loadCifar` looks first
 */
export function cifarTitle(variant: CifarName, folder: string | null = null): string {
  const place = folder ?? cifarFolder(variant);
  if (place === undefined || !isImageFolder(place)) return variant;
  const format = extname(listImageFolder(place, "train").files[0]!).slice(1).toLowerCase();
  const lossy = { jpg: "JPEG", jpeg: "JPEG", webp: "WebP" }[format];
  return lossy === undefined ? variant : `${titles[variant]} (${lossy} copy)`;
}

/**
 * Training or test images, in an order that does not depend on their classes.
 * @param folder the binary files, or `train/<class>/` and `test/<class>/` with images of 32 × 32 pixels; null: the folder
 * that JESSL_CIFAR10 (JESSL_CIFAR100) names, the cache, or a download
 * @param onProgress told how many images of a copy are decoded, and of how many; of one that was decoded before, nothing
 * @throws DataError when files are missing or corrupt, or are not those of the data set
 */
export async function loadCifar(
  variant: CifarName,
  split: "train" | "test",
  folder: string | null = null,
  onProgress?: ImageFolderOptions["onProgress"],
): Promise<ImageDataset> {
  const place = folder ?? namedFolder(variant) ?? (await provideCifar(variant));
  return isImageFolder(place) ? copyOf(variant, split, place, onProgress) : cifar(variant, split, place);
}

function isImageFolder(folder: string): boolean {
  const train = join(folder, "train");
  return existsSync(train) && statSync(train).isDirectory();
}

async function copyOf(
  variant: CifarName,
  split: "train" | "test",
  folder: string,
  onProgress: ImageFolderOptions["onProgress"],
): Promise<ImageDataset> {
  const sorted = await imageFolder(folder, split, { onProgress });
  const { count, height, width, channels, labels, images } = sorted;
  if (height !== 32 || width !== 32 || sorted.classes.length !== classes[variant])
    throw new DataError(
      `folder ${folder}: expected ${classes[variant]} classes of 32 × 32 pixels, got ${sorted.classes.length} of ${height} × ${width}`,
    );
  // Folders are read class by class; the first images of the data set should be of all classes, as in the binary files.
  const order = permutation(key(0), count);
  const size = height * width * channels;
  const shuffled = new Uint8Array(images.length);
  order.forEach((from, to) => {
    shuffled.set(images.subarray(from * size, (from + 1) * size), to * size);
  });
  return {
    ...sorted,
    name: cifarTitle(variant, folder),
    images: shuffled,
    labels: Int32Array.from(order, (from) => labels[from]!),
  };
}
