/**
 * Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747): grey images of 28 × 28 pixels in ten classes of clothing. A subset
 * of 10,000 training and 2,000 test images comes with the package (see data/fashion-mnist); the whole set is read from
 * its four IDX files in a folder.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError, formatShape } from "../support/errors.js";
import { packageRoot } from "../support/package.js";
import type { ImageDataset } from "./dataset.js";
import { readIdx } from "./idx.js";

export const fashionMnistClasses: readonly string[] = [
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
];

/** The folder of the embedded subset. */
export const embeddedFashionMnist: string = join(packageRoot, "data", "fashion-mnist");

export interface FashionMnistOptions {
  /** The folder of the four IDX files; by default the embedded subset's. */
  readonly folder?: string | undefined;
}

/**
 * Reads the training or the test images.
 * @throws DataError when a file is missing or corrupt, or images and labels do not belong together
 */
export function fashionMnist(split: "train" | "test", { folder }: FashionMnistOptions = {}): ImageDataset {
  const root = folder ?? embeddedFashionMnist;
  const prefix = split === "train" ? "train" : "t10k";
  const images = readIdx(find(root, `${prefix}-images-idx3-ubyte`));
  const labels = readIdx(find(root, `${prefix}-labels-idx1-ubyte`));
  const [count = 0, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count || count === 0)
    throw new DataError(
      `folder ${root}: expected images [count, height, width] and labels [count], got ${formatShape(images.shape)} and ${formatShape(labels.shape)}`,
    );
  const wrong = labels.data.findIndex((label) => label >= fashionMnistClasses.length);
  if (wrong >= 0)
    throw new DataError(
      `folder ${root}: label ${wrong}: expected a class below 10, got ${labels.data[wrong]}`,
    );
  return {
    name: folder === undefined ? "fashion-mnist (embedded)" : "fashion-mnist",
    images: images.data,
    labels: Int32Array.from(labels.data),
    count,
    height,
    width,
    channels: 1,
    classes: fashionMnistClasses,
  };
}

function find(folder: string, name: string): string {
  for (const path of [join(folder, `${name}.gz`), join(folder, name)]) if (existsSync(path)) return path;
  throw new DataError(`folder ${folder}: expected ${name}.gz or ${name} in it, found neither`);
}
