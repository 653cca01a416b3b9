/** From the data set that a configuration names to its images. */
import { cifarTitle, loadCifar } from "../data/cifar-source.js";
import { draw, type ImageDataset, take } from "../data/dataset.js";
import { fashionMnist, provideFashionMnist } from "../data/fashion-mnist.js";
import { imageFolder } from "../data/image-folder.js";
import { loadAll } from "../data/loader/in-memory.js";
import { betonSource, type ImageSource, imageFolderSource } from "../data/loader/source.js";
import { streamed } from "../data/loader/streamed.js";
import { parquet } from "../data/parquet.js";
import { scenes } from "../data/scenes/scenes.js";
import type { OnRead } from "../evaluate/tasks.js";
import { ConfigError } from "../support/errors.js";
import type { DataConfig } from "./config/data.js";
import type { TrainConfig } from "./config/schema.js";

/**
 * The data set of a configuration: its training images, or its test images, all of them.
 * @param onRead told how many images are decoded, where that takes time
 * @throws DataError when files are missing and cannot be downloaded, or are corrupt
 */
export async function createDataset(
  { data }: Pick<TrainConfig, "data">,
  split: "train" | "test",
  onRead?: OnRead,
): Promise<ImageDataset> {
  if ((data.name === "beton" || data.name === "image-folder") && data.stream && split === "train") {
    const { order, workers, corrupt } = data;
    const source = data.name === "beton" ? betonOf(data, data.path) : folderOf(data);
    return streamed(source, { count: data.train ?? undefined, order, workers, corrupt });
  }
  const onProgress: OnProgress = (done, total) => onRead?.(`${data.name} ${split}`, done, total);
  const dataset = await open(data, split, onProgress);
  if (split === "test" || data.train === null) return dataset;
  // Folders are sorted by class, and parquet files often are.
  const sorted = data.name === "image-folder" || data.name === "parquet" || data.name === "beton";
  return sorted ? draw(dataset, data.train) : take(dataset, data.train);
}

/** The data set's name, which says so where its files are a copy in a lossy format. */
export function datasetName(data: DataConfig): string {
  return data.name === "cifar10" || data.name === "cifar100" ? cifarTitle(data.name, data.folder) : data.name;
}

type OnProgress = (done: number, total: number) => void;

async function open(
  data: DataConfig,
  split: "train" | "test",
  onProgress: OnProgress,
): Promise<ImageDataset> {
  switch (data.name) {
    case "fashion-mnist": {
      if (data.folder !== null)
        return fashionMnist(split, { folder: data.folder, full: data.set === "full" });
      if (data.set === "embedded") return fashionMnist(split);
      return fashionMnist(split, { folder: await provideFashionMnist(), full: true });
    }
    case "cifar10":
    case "cifar100":
      return loadCifar(data.name, split, data.folder, onProgress);
    case "scenes": {
      const { count, seed, level, size } = data;
      return scenes(split, { seed, level, size, count: split === "train" ? count : undefined });
    }
    case "beton": {
      const path = split === "train" ? data.path : data.test;
      if (path === null) throw new ConfigError("data.test: expected a .beton file of test images, got null");
      return loadAll(betonOf(data, path), { workers: data.workers, corrupt: data.corrupt });
    }
    case "image-folder":
      return imageFolder(data.folder, split, { ...decoding(data), onProgress });
    case "parquet":
      return parquet(data.folder, split, {
        ...decoding(data),
        onProgress,
        image: data.image ?? undefined,
        label: data.label ?? undefined,
      });
  }
}

function betonOf(data: Extract<DataConfig, { name: "beton" }>, path: string): ImageSource {
  const { image, label, size, grey } = data;
  return betonSource(path, {
    image: image ?? undefined,
    label: label ?? undefined,
    size: size ?? undefined,
    grey,
    decoder: data.decoder,
  });
}

/** The files of a folder, to be decoded while training. */
function folderOf({
  folder,
  size,
  grey,
  decoder,
}: Extract<DataConfig, { name: "image-folder" }>): ImageSource {
  if (size === null)
    throw new ConfigError("data.size: expected the side of the images, as they are streamed, got null");
  return imageFolderSource(folder, "train", { size, grey, decoder });
}

function decoding({ size, grey }: { size: number | null; grey: boolean }) {
  return { size: size ?? undefined, channels: grey ? (1 as const) : (3 as const) };
}
