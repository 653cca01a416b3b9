/**
 * Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747): grey images of 28 × 28 pixels in ten classes of clothing. A subset
 * of 10,000 training and 2,000 test images comes with the package (see data/fashion-mnist). The whole set of 60,000 and
 * 10,000 is looked for in the cache and where Debian's package dataset-fashion-mnist puts it, and downloaded otherwise.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../support/cache.js";
import { DataError, formatShape } from "../support/errors.js";
import { packageRoot } from "../support/package.js";
import type { ImageDataset } from "./dataset.js";
import { type DownloadOptions, download } from "./download.js";
import { type IdxArray, readIdx } from "./idx.js";

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

/** Where Debian's package dataset-fashion-mnist puts the whole set. */
const debianFolder = "/usr/share/datasets/fashion-mnist";

/** The publisher's files; `content` is the SHA-256 of the unpacked file, which every copy of it has. */
const files = [
  {
    name: "train-images-idx3-ubyte",
    size: 26_421_880,
    md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    content: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
  },
  {
    name: "train-labels-idx1-ubyte",
    size: 29_515,
    md5: "25c81989df183df01b3e8a0aad5dffbe",
    content: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
  },
  {
    name: "t10k-images-idx3-ubyte",
    size: 4_422_102,
    md5: "bef4ecab320f06d8554ea6380940ec79",
    content: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
  },
  {
    name: "t10k-labels-idx1-ubyte",
    size: 5148,
    md5: "bb300cfdad3c16e7a12a480ee83cd310",
    content: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  },
] as const;

const publisher = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com";

/** Where the files are. */
export interface FashionMnistOptions {
  /** The folder of the four IDX files; by default the embedded subset's. */
  readonly folder?: string | undefined;
  /** Whether the files must be those of the whole set, by their SHA-256. */
  readonly full?: boolean;
}

/**
 * Reads the training or the test images.
 * @throws DataError when a file is missing or corrupt, or images and labels do not belong together
 */
export function fashionMnist(
  split: "train" | "test",
  { folder, full = false }: FashionMnistOptions = {},
): ImageDataset {
  const root = folder ?? embeddedFashionMnist;
  const prefix = split === "train" ? "train" : "t10k";
  const images = read(root, `${prefix}-images-idx3-ubyte`, full);
  const labels = read(root, `${prefix}-labels-idx1-ubyte`, full);
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

/** The folder of the whole set: the cache or Debian's, whichever holds all four files. */
export function findFashionMnist(): string | undefined {
  return [cacheFolder("fashion-mnist"), debianFolder].find((folder) =>
    files.every(({ name }) => pathOf(folder, name) !== undefined),
  );
}

/**
 * The folder of the whole set, which is downloaded (31 MB) when it is not on this machine.
 * @throws DataError saying what to do without a network
 */
export async function provideFashionMnist(
  options: DownloadOptions & { readonly from?: string } = {},
): Promise<string> {
  const found = findFashionMnist();
  if (found !== undefined) return found;
  const folder = cacheFolder("fashion-mnist");
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  try {
    for (const { name, size, md5 } of files) {
      await download(
        { url: `${options.from ?? publisher}/${name}.gz`, size, checksum: { algorithm: "md5", digest: md5 } },
        join(folder, `${name}.gz`),
        { ...options, onProgress: (done) => options.onProgress?.(before + done, total) },
      );
      before += size;
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(
      `${error.message}. On Debian and Ubuntu, apt-get install dataset-fashion-mnist brings it too; data.set=embedded needs no network`,
      { cause: error },
    );
  }
  return folder;
}

function read(folder: string, name: string, full: boolean): IdxArray {
  const path = pathOf(folder, name);
  if (path === undefined)
    throw new DataError(`folder ${folder}: expected ${name}.gz or ${name} in it, found neither`);
  const array = readIdx(path);
  const expected = files.find((file) => file.name === name)!.content;
  if (full && createHash("sha256").update(array.file).digest("hex") !== expected)
    throw new DataError(
      `file ${path}: expected Fashion-MNIST's ${name} (SHA-256 ${expected}), got another file; delete it and try again`,
    );
  return array;
}

function pathOf(folder: string, name: string): string | undefined {
  return [join(folder, `${name}.gz`), join(folder, name)].find((path) => existsSync(path));
}
