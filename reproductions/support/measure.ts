/**
 * How every row is measured: kNN, linear probe and effective rank on frozen features, in percent. The probes learn on
 * training images and are tested on test images; a choice, such as a learning rate, is made on validation images
 * instead, the last fifth of the training images, which the probes then do not see.
 */
import type { ImageDataset } from "../../src/data/dataset.js";
import { type SceneDataset, type SceneFactors, sceneClassTasks } from "../../src/data/scenes/scenes.js";
import type { HostTensor } from "../../src/engine/host.js";
import { effectiveRank } from "../../src/evaluate/effective-rank.js";
import { type Encoder, encode, type Images, pixels } from "../../src/evaluate/encode.js";
import { evaluateFeatures } from "../../src/evaluate/evaluate.js";
import type { TrainConfig } from "../../src/train/config/schema.js";
import { createDataset } from "../../src/train/dataset.js";

export type MeasureOn = "test" | "validation";

/** % of the test samples. */
export interface Accuracy {
  readonly knn: number;
  readonly linear: number;
}

/** What was measured of an encoder. */
export interface Measurement {
  /** By task; the first is the data set's main one. */
  readonly tasks: Readonly<Record<string, Accuracy>>;
  /** Of the test images' representations; 0 where it was not computed. */
  readonly effectiveRank: number;
}

/** The classes that a task asks for. */
interface Task {
  readonly name: string;
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/** The images on which probes learn and are tested, and what they are asked. */
export interface Splits {
  readonly train: Images;
  readonly test: Images;
  readonly tasks: readonly Task[];
}

const validationShare = 0.2;

type Labelled = ImageDataset | SceneDataset;

/**
 * The classification tasks of a data set: its labels, or for scenes each of their factors. Position and scale, which are
 * continuous, are cut where they cut the training images into equal parts: thirds from left to right and from top to
 * bottom, which makes nine places, and four scales.
 */
function labelsByTask(dataset: Labelled, train: Labelled): Record<string, Int32Array> {
  if (!("factors" in dataset) || !("factors" in train)) return { class: dataset.labels };
  const { factors } = dataset;
  const [x, y] = [0, 1].map((axis) => {
    const along = ({ position }: SceneFactors): Float32Array => position.filter((_, i) => i % 2 === axis);
    return parts(along(factors), along(train.factors), 3);
  });
  return {
    ...Object.fromEntries(sceneClassTasks.map((task) => [task, factors[task]])),
    position: x!.map((third, i) => 3 * third + y![i]!),
    scale: parts(factors.scale, train.factors.scale, 4),
  };
}

/** In which of `count` parts each value lies, where these have equally many of `all`. */
export function parts(values: Float32Array, all: Float32Array, count: number): Int32Array {
  const sorted = [...all].sort((a, b) => a - b);
  const cuts = Array.from(
    { length: count - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * all.length) / count)]!,
  );
  return Int32Array.from(values, (value) => cuts.filter((cut) => value >= cut).length);
}

/** The splits of a configuration's data set. */
export async function splitsOf(config: TrainConfig, measureOn: MeasureOn = "test"): Promise<Splits> {
  const all = await createDataset(config, "train");
  const labels = Object.entries(labelsByTask(all, all));
  if (measureOn === "test") {
    const test = await createDataset(config, "test");
    const testLabels = labelsByTask(test, all);
    return {
      train: all,
      test,
      tasks: labels.map(([name, train]) => ({ name, train, test: testLabels[name]! })),
    };
  }
  const kept = Math.round(all.count * (1 - validationShare));
  const tasks = labels.map(([name, list]) => ({
    name,
    train: list.subarray(0, kept),
    test: list.subarray(kept),
  }));
  return { train: part(all, 0, kept), test: part(all, kept, all.count), tasks };
}

function part(dataset: ImageDataset, begin: number, end: number): Images {
  const size = dataset.height * dataset.width * dataset.channels;
  return { ...dataset, count: end - begin, images: dataset.images.subarray(begin * size, end * size) };
}

const rounded = (value: number): number => Number(value.toFixed(3));

async function measureFeatures(train: HostTensor, test: HostTensor, { tasks }: Splits): Promise<Measurement> {
  const results: Record<string, Accuracy> = {};
  for (const { name, ...labels } of tasks) {
    const { knn, linear } = await evaluateFeatures(
      { features: train, labels: labels.train },
      { features: test, labels: labels.test },
      { rank: false },
    );
    results[name] = { knn: rounded(100 * knn), linear: rounded(100 * linear) };
  }
  const narrow = test.shape[1]! <= 1024;
  return { tasks: results, effectiveRank: narrow ? rounded(effectiveRank(test)) : 0 };
}

export async function measure(encoder: Encoder, splits: Splits): Promise<Measurement> {
  return measureFeatures(await encode(encoder, splits.train), await encode(encoder, splits.test), splits);
}

export async function measurePixels(splits: Splits): Promise<Measurement> {
  return measureFeatures(pixels(splits.train), pixels(splits.test), splits);
}
