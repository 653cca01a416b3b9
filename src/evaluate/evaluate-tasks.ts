/** One encoder over many tasks. */
import type { ImageDataset } from "../data/dataset.js";
import type { HostTensor } from "../engine/host.js";
import type { DeviceName } from "../engine/run/device.js";
import { type Encoder, encode } from "./encode.js";
import { fitImages } from "./fit.js";
import { type KnnOptions, knn } from "./knn.js";
import { type LinearProbeOptions, linearProbe } from "./linear-probe.js";
import { type MlpProbeOptions, mlpProbe } from "./mlp-probe.js";
import { type OnShare, type PartRunner, sections, under, untold } from "./progress.js";
import { type RegressionProbeOptions, regressionProbe } from "./regression-probe.js";
import type { Task, TaskSplit } from "./tasks.js";

/** The probes' own options, and the device of the encoder. */
export interface EvaluateTasksOptions {
  readonly knn?: KnnOptions;
  readonly linear?: LinearProbeOptions;
  readonly mlp?: MlpProbeOptions;
  readonly regression?: RegressionProbeOptions;
  readonly device?: DeviceName;
  /** Runs the parts, of which `partsOfTasks` says the number; by default it just does. */
  readonly part?: PartRunner;
}

/** What probes of test images say of a task: shares 0 … 1 for classes, R² for continuous factors. */
export type TaskScores =
  | {
      readonly knn: number;
      readonly knnTop5: number;
      readonly linear: number;
      readonly linearTop5: number;
      readonly mlp: number;
      readonly mlpTop5: number;
    }
  | { readonly r2: number };

/** How many parts `evaluateTasks` runs: features and a regression probe, or features, kNN and two probes. */
export function partsOfTasks(tasks: readonly Task[]): number {
  return tasks.reduce((sum, { train, test }) => sum + (train.targets && test.targets ? 2 : 4), 0);
}

/** The tasks with their images in the shape that an encoder takes (see `fitImages`); what they share, they still do. */
export async function fitTasks(tasks: readonly Task[], shape: readonly number[]): Promise<Task[]> {
  const known = new Map<Uint8Array, Uint8Array>();
  const shaped = async (split: TaskSplit): Promise<TaskSplit> => {
    const { images } = split.images;
    const fitted = await fitImages(split.images, shape, known.get(images));
    known.set(images, fitted.images);
    return { ...split, images: fitted };
  };
  const fitted: Task[] = [];
  for (const { name, train, test } of tasks)
    fitted.push({ name, train: await shaped(train), test: await shaped(test) });
  return fitted;
}

/**
 * The scores of a frozen encoder on each task, by the task's name. Images that have not the encoder's shape are brought
 * to it; images that tasks share are encoded once.
 */
export async function evaluateTasks(
  encoder: Encoder,
  tasks: readonly Task[],
  options: EvaluateTasksOptions = {},
): Promise<Record<string, TaskScores>> {
  const known = new Map<Uint8Array, HostTensor>();
  const featuresOf = async (dataset: ImageDataset, onShare: OnShare): Promise<HostTensor> => {
    const before = known.get(dataset.images);
    if (before) return before;
    const features = await encode(encoder, dataset, options.device, onShare);
    known.set(dataset.images, features);
    return features;
  };
  const scores: Record<string, TaskScores> = {};
  for (const { name, train, test } of await fitTasks(tasks, encoder.imageShape)) {
    const part = under(name, options.part ?? untold);
    const features = await part("features", async (onShare) => {
      const [first, second] = sections(onShare, train.images.count, test.images.count);
      return { train: await featuresOf(train.images, first), test: await featuresOf(test.images, second) };
    });
    scores[name] =
      train.targets && test.targets
        ? await part("regression probe", () => ({
            r2: regressionProbe(
              { features: features.train, targets: train.targets! },
              { features: features.test, targets: test.targets! },
              options.regression,
            ).meanR2,
          }))
        : await classScores(
            { features: features.train, labels: train.images.labels },
            { features: features.test, labels: test.images.labels },
            { ...options, part },
          );
  }
  return scores;
}

async function classScores(
  train: Parameters<typeof knn>[0],
  test: Parameters<typeof knn>[1],
  { knn: knnOptions, linear, mlp, device = "cpu", part = untold }: EvaluateTasksOptions,
): Promise<TaskScores> {
  const nearest = await part("kNN", (onShare) => knn(train, test, { ...knnOptions, onShare }));
  const line = await part("linear probe", (onShare) => linearProbe(train, test, { ...linear, onShare }));
  const hidden = await part("MLP probe", (onShare) => mlpProbe(train, test, { device, ...mlp, onShare }));
  return {
    knn: nearest.accuracy,
    knnTop5: nearest.top5,
    linear: line.accuracy,
    linearTop5: line.top5,
    mlp: hidden.accuracy,
    mlpTop5: hidden.top5,
  };
}
