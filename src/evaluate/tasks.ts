/**
 * Downstream tasks by name: what an encoder that was trained on some images is asked about others. A task has classes,
 * to be told by kNN, linear and MLP probes, or continuous factors, to be read by a regression probe.
 */
import type { CifarName } from "../data/cifar.js";
import { cifarFolder, loadCifar } from "../data/cifar-source.js";
import type { ImageDataset } from "../data/dataset.js";
import { fashionMnist, findFashionMnist } from "../data/fashion-mnist.js";
import {
  type SceneClassTask,
  type SceneDataset,
  type SceneRegressionTask,
  sceneClassTasks,
  sceneRegressionTasks,
  scenes,
  sceneTargets,
  sceneTask,
} from "../data/scenes/scenes.js";
import { type HostTensor, hostTensor } from "../engine/host.js";
import { ConfigError, DataError } from "../support/errors.js";
import { nearest } from "../support/nearest.js";

/** Images with what is asked about them: their labels, or `targets`. */
export interface TaskSplit {
  readonly images: ImageDataset;
  /** float32 [count, factors], for a task of continuous factors. */
  readonly targets?: HostTensor;
}

/** A question about images: training samples to learn its answer from, and test samples to judge by. */
export interface Task {
  readonly name: string;
  readonly train: TaskSplit;
  readonly test: TaskSplit;
}

type Split = "train" | "test";

/** Told how many images of a set are decoded, and of how many. */
export type OnRead = (what: string, done: number, total: number) => void;

/** The data sets whose labels are the task. */
const labelled: Readonly<
  Record<string, (split: Split, onRead?: OnRead) => ImageDataset | Promise<ImageDataset>>
> = {
  "fashion-mnist": (split) => fashionMnist(split),
  "fashion-mnist-full": (split) => {
    const folder = findFashionMnist();
    if (folder === undefined)
      throw missing("fashion-mnist-full", "jessl data fashion-mnist", "fashion-mnist needs no files");
    return fashionMnist(split, { folder, full: true });
  },
  cifar10: (split, onRead) => cifarOf("cifar10", split, onRead),
  cifar100: (split, onRead) => cifarOf("cifar100", split, onRead),
};

function cifarOf(name: CifarName, split: Split, onRead?: OnRead): Promise<ImageDataset> {
  const folder = cifarFolder(name);
  if (folder === undefined) throw missing(name, `jessl data ${name}`);
  return loadCifar(name, split, folder, (done, total) => onRead?.(`${name} ${split}`, done, total));
}

function missing(task: string, command: string, note?: string): DataError {
  const also = note === undefined ? "" : `; ${note}`;
  return new DataError(`task ${task}: its files are not on this machine; ${command} brings them${also}`);
}

const sceneFactors = [...sceneClassTasks, ...sceneRegressionTasks];

/** The names that `openTasks` knows; `scenes` alone stands for all of its factors. */
export const taskNames: readonly string[] = [
  ...Object.keys(labelled),
  ...sceneFactors.map((factor) => `scenes:${factor}`),
];

/**
 * Opens tasks, each with its training and test images; tasks of the scenes share them.
 * @param onRead told how many images of what are decoded, where that takes time
 * @throws ConfigError for a name that is not known; DataError, saying how to get them, when files are missing
 */
export async function openTasks(names: readonly string[], onRead?: OnRead): Promise<Task[]> {
  const wanted = names.flatMap((name) =>
    name === "scenes" ? sceneFactors.map((factor) => `scenes:${factor}`) : [name],
  );
  for (const name of wanted)
    if (!taskNames.includes(name)) {
      const near = nearest(name, [...taskNames, "scenes"]);
      const hint = near === undefined ? "" : `did you mean ${near}? `;
      throw new ConfigError(`task ${name}: ${hint}The tasks are ${taskNames.join(", ")}`);
    }
  let drawn: Record<Split, SceneDataset> | undefined;
  const tasks: Task[] = [];
  for (const name of wanted) {
    const [set, factor] = name.split(":") as [string, string | undefined];
    if (factor === undefined) {
      const open = labelled[set]!;
      const [train, test] = [await open("train", onRead), await open("test", onRead)];
      tasks.push({ name, train: { images: train }, test: { images: test } });
    } else {
      drawn ??= { train: scenes("train"), test: scenes("test") };
      tasks.push({ name, train: sceneSplit(drawn.train, factor), test: sceneSplit(drawn.test, factor) });
    }
  }
  return tasks;
}

function sceneSplit(all: SceneDataset, factor: string): TaskSplit {
  if ((sceneClassTasks as readonly string[]).includes(factor))
    return { images: sceneTask(all, factor as SceneClassTask) };
  const { data, shape } = sceneTargets(all, factor as SceneRegressionTask);
  return { images: all, targets: hostTensor(data, shape) };
}
