/**
 * Images in one folder a class, as torchvision's ImageFolder reads them: `<folder>/train/<class>/*.jpg` and
 * `<folder>/test/<class>/*.jpg` (or `val`, `valid`, `validation`). Decoded images of small sets are kept in the cache, so
 * that the next run reads one file instead of thousands.
 */
import { type Dirent, existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../support/errors.js";
import type { ImageDataset } from "./dataset.js";
import { type DecodeOptions, decodeImages } from "./decode.js";
import { cachedImages } from "./decoded-cache.js";

const extensions = /\.(jpe?g|png|webp)$/i;
const splitNames = { train: ["train"], test: ["test", "val", "valid", "validation"] } as const;

export interface ImageFiles {
  readonly folder: string;
  /** Paths below the folder, with their class; classes and paths are in alphabetical order. */
  readonly files: readonly string[];
  readonly labels: Int32Array;
  readonly classes: readonly string[];
}

/** Lists the images of a split. @throws DataError when the folder has no such split, no classes or no images */
export function listImageFolder(root: string, split: "train" | "test"): ImageFiles {
  const name = splitNames[split].find((candidate) => existsSync(join(root, candidate)));
  if (name === undefined)
    throw new DataError(
      `folder ${root}: expected a folder ${splitNames[split].join(" or ")} in it, found ${listed(root)}`,
    );
  const folder = join(root, name);
  const classes = entries(folder)
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  if (classes.length === 0)
    throw new DataError(`folder ${folder}: expected one folder a class in it, found none`);
  const perClass = classes.map((name) => imagesBelow(join(folder, name), name));
  const empty = perClass.findIndex((files) => files.length === 0);
  if (empty >= 0)
    throw new DataError(
      `folder ${join(folder, classes[empty]!)}: expected images (.jpg, .jpeg, .png, .webp) in it, found none`,
    );
  return {
    folder,
    files: perClass.flat(),
    labels: Int32Array.from(perClass.flatMap((files, label) => files.map(() => label))),
    classes,
  };
}

/** Paths below `folder`, each after `prefix`. */
function imagesBelow(folder: string, prefix: string): string[] {
  const paths: string[] = [];
  for (const entry of entries(folder)) {
    if (entry.isDirectory()) paths.push(...imagesBelow(join(folder, entry.name), `${prefix}/${entry.name}`));
    else if (extensions.test(entry.name)) paths.push(`${prefix}/${entry.name}`);
  }
  return paths.sort();
}

function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new DataError(`folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
}

function listed(folder: string): string {
  const names = entries(folder).map((entry) => entry.name);
  return names.length === 0 ? "none" : names.slice(0, 5).join(", ");
}

/** How the files of a folder are decoded. */
export interface ImageFolderOptions extends Partial<DecodeOptions> {
  /** Whether decoded images are kept in the cache; yes by default. */
  readonly cache?: boolean;
  /** Called with the number of images decoded and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * All images of a split, decoded. They must have one size, unless `size` makes them have one.
 * @throws DataError naming the file that is corrupt or has another size
 */
export async function imageFolder(
  root: string,
  split: "train" | "test",
  { channels = 3, size, cache = true, onProgress }: ImageFolderOptions = {},
): Promise<ImageDataset> {
  const { folder, files, labels, classes } = listImageFolder(root, split);
  const encoded = async (i: number) => {
    const path = join(folder, files[i]!);
    return { bytes: await readFile(path), name: `file ${path}` };
  };
  const decode = () => decodeImages(files.length, encoded, { channels, size }, onProgress);
  const decoded = cache
    ? await cachedImages(fingerprint(folder, files, { channels, size }), decode)
    : await decode();
  return { name: "image-folder", ...decoded, count: files.length, channels, labels, classes };
}

/** What the decoded images depend on: every file's name, size and time of change, and how it is decoded. */
function fingerprint(folder: string, files: readonly string[], options: DecodeOptions): string[] {
  const states = files.map((file) => {
    const { size, mtimeMs } = statSync(`${folder}/${file}`);
    return `${file}\t${size}\t${mtimeMs}`;
  });
  return [folder, JSON.stringify(options), ...states];
}
