/** From the data set that a configuration names to its images. */
import { type ImageDataset, take } from "../data/dataset.js";
import { fashionMnist, provideFashionMnist } from "../data/fashion-mnist.js";
import type { DataConfig } from "./config/data.js";
import type { TrainConfig } from "./config/schema.js";

/**
 * The data set of a configuration: its training images, or its test images, all of them.
 * @throws DataError when files are missing and cannot be downloaded, or are corrupt
 */
export async function createDataset(
  { data }: Pick<TrainConfig, "data">,
  split: "train" | "test",
): Promise<ImageDataset> {
  const dataset = await open(data, split);
  return split === "train" && data.train !== null ? take(dataset, data.train) : dataset;
}

async function open(data: DataConfig, split: "train" | "test"): Promise<ImageDataset> {
  switch (data.name) {
    case "fashion-mnist": {
      if (data.folder !== null)
        return fashionMnist(split, { folder: data.folder, full: data.set === "full" });
      if (data.set === "embedded") return fashionMnist(split);
      return fashionMnist(split, { folder: await provideFashionMnist(), full: true });
    }
  }
}
