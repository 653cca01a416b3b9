/**
 * CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in their binary form: colour images of 32 × 32 pixels. A record is the label
 * (CIFAR-100: the coarse, then the fine one) and the pixels, channel by channel.
 * https://www.cs.toronto.edu/~kriz/cifar.html
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cacheFolder } from "../support/cache.js";
import { DataError } from "../support/errors.js";
import type { ImageDataset } from "./dataset.js";
import { type DownloadOptions, download, type RemoteFile } from "./download.js";
import { readTar } from "./tar.js";

/** Which of the two sets: ten classes, or a hundred. */
export type CifarName = "cifar10" | "cifar100";

const side = 32;
const pixels = side * side;

interface Variant {
  readonly archive: RemoteFile;
  /** The folder in the archive. */
  readonly folder: string;
  readonly files: Readonly<Record<"train" | "test", readonly string[]>>;
  readonly recordsPerFile: Readonly<Record<"train" | "test", number>>;
  readonly classNames: string;
  readonly classes: number;
  /** Bytes before the pixels, and which of them is the class. */
  readonly labelBytes: number;
}

const variants: Readonly<Record<CifarName, Variant>> = {
  cifar10: {
    archive: {
      url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
      size: 170_052_171,
      checksum: {
        algorithm: "sha256",
        digest: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
      },
    },
    folder: "cifar-10-batches-bin",
    files: {
      train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
      test: ["test_batch.bin"],
    },
    recordsPerFile: { train: 10_000, test: 10_000 },
    classNames: "batches.meta.txt",
    classes: 10,
    labelBytes: 1,
  },
  cifar100: {
    archive: {
      url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
      size: 168_513_733,
      checksum: {
        algorithm: "sha256",
        digest: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
      },
    },
    folder: "cifar-100-binary",
    files: { train: ["train.bin"], test: ["test.bin"] },
    recordsPerFile: { train: 50_000, test: 10_000 },
    classNames: "fine_label_names.txt",
    classes: 100,
    labelBytes: 2,
  },
};

/**
 * Decodes the records of one binary file.
 * @returns uint8 [count, 32, 32, 3] and the labels (CIFAR-100: the fine ones)
 * @throws DataError naming the file, the record and its offset
 */
export function decodeCifar(
  bytes: Uint8Array,
  variant: CifarName,
  name: string = variant,
): { images: Uint8Array; labels: Int32Array } {
  const { labelBytes, classes } = variants[variant];
  const record = labelBytes + 3 * pixels;
  const count = bytes.length / record;
  if (!Number.isInteger(count) || count === 0)
    throw new DataError(`${name}: expected records of ${record} bytes, got ${bytes.length} bytes`);
  const images = new Uint8Array(count * 3 * pixels);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * record;
    const label = bytes[at + labelBytes - 1]!;
    if (label >= classes)
      throw new DataError(
        `${name}: record ${i} at byte ${at}: expected a class below ${classes}, got ${label}`,
      );
    labels[i] = label;
    const red = at + labelBytes;
    let out = i * 3 * pixels;
    for (let p = red; p < red + pixels; p++) {
      images[out++] = bytes[p]!;
      images[out++] = bytes[p + pixels]!;
      images[out++] = bytes[p + 2 * pixels]!;
    }
  }
  return { images, labels };
}

/**
 * Reads the training or the test images from a folder with the archive's files.
 * @throws DataError when a file is missing, short or corrupt
 */
export function cifar(variant: CifarName, split: "train" | "test", folder: string): ImageDataset {
  const { files, recordsPerFile, classNames, classes, labelBytes, archive } = variants[variant];
  const size = recordsPerFile[split] * (labelBytes + 3 * pixels);
  const parts = files[split].map((file) => {
    const path = join(folder, file);
    const bytes = read(path, archive);
    if (bytes.length !== size)
      throw new DataError(`file ${path}: expected ${size} bytes, got ${bytes.length}; ${remedy(variant)}`);
    return decodeCifar(bytes, variant, `file ${path}`);
  });
  const names = read(join(folder, classNames), archive).toString("utf8").split(/\r?\n/).filter(Boolean);
  if (names.length !== classes)
    throw new DataError(
      `file ${join(folder, classNames)}: expected the names of ${classes} classes, got ${names.length}`,
    );
  const images = new Uint8Array(parts.reduce((sum, part) => sum + part.images.length, 0));
  const labels = new Int32Array(images.length / (3 * pixels));
  let at = 0;
  for (const part of parts) {
    images.set(part.images, at * 3 * pixels);
    labels.set(part.labels, at);
    at += part.labels.length;
  }
  return { name: variant, images, labels, count: at, height: side, width: side, channels: 3, classes: names };
}

function read(path: string, { url }: RemoteFile): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DataError(`file ${path}: ${(error as Error).message}; expected the files of ${basename(url)}`, {
      cause: error,
    });
  }
}

const remedy = (variant: CifarName): string => `get the files anew with jessl data ${variant}`;

/** Where the files are in the cache, or undefined when they are not there. */
export function findCifar(variant: CifarName): string | undefined {
  const { folder, files } = variants[variant];
  const path = cacheFolder(folder);
  return [...files.train, ...files.test].every((file) => existsSync(join(path, file))) ? path : undefined;
}

export interface CifarDownloadOptions extends DownloadOptions {
  /** Another place of the archive; its size and checksum too, when it is another archive. */
  readonly archive?: Partial<RemoteFile>;
}

/**
 * The folder of the files in the cache; the archive (about 165 MB) is downloaded and unpacked when they are not there.
 * An archive that was put into the cache folder by hand is used.
 * @throws DataError saying what to do without a network
 */
export async function provideCifar(variant: CifarName, options: CifarDownloadOptions = {}): Promise<string> {
  const found = findCifar(variant);
  if (found !== undefined) return found;
  const { folder, files, classNames } = variants[variant];
  const archive = { ...variants[variant].archive, ...options.archive };
  const path = cacheFolder(basename(variants[variant].archive.url));
  await download(archive, path, options);
  const entries = readTar(gunzipSync(readFileSync(path)), path);
  const target = cacheFolder(folder);
  const temporary = `${target}.${process.pid}.tmp`;
  mkdirSync(temporary, { recursive: true });
  try {
    for (const file of [...files.train, ...files.test, classNames]) {
      const content = entries.get(`${folder}/${file}`);
      if (!content) throw new DataError(`archive ${path}: expected ${folder}/${file} in it, found none`);
      writeFileSync(join(temporary, file), content);
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  rmSync(path);
  return target;
}
