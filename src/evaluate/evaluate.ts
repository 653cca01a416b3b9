/**
 * What a frozen encoder is worth: kNN and a linear probe on its features, and how many dimensions they use. Raw pixels
 * and an untrained encoder go through the same functions, so that a trained one can stand beside them.
 */
import type { ImageDataset } from "../data/dataset.js";
import type { DeviceName } from "../engine/run/device.js";
import { effectiveRank, rankMe } from "./effective-rank.js";
import { type Encoder, encode, pixels } from "./encode.js";
import type { Features } from "./features.js";
import { type KnnOptions, knn } from "./knn.js";
import { type LinearProbeOptions, linearProbe } from "./linear-probe.js";
import { type MlpProbeOptions, mlpProbe } from "./mlp-probe.js";
import { type PartRunner, sections, untold } from "./progress.js";

/** What is measured, and how. */
export interface EvaluateOptions {
  readonly knn?: KnnOptions;
  readonly linear?: LinearProbeOptions;
  /** Whether the MLP probe is trained too, which takes longer; false by default. */
  readonly mlp?: MlpProbeOptions | boolean;
  /** Whether the ranks are computed, by default for features of at most 1,024 dimensions: it takes seconds for more. */
  readonly rank?: boolean;
  readonly device?: DeviceName;
  /** Runs the parts: features, kNN, linear probe, MLP probe; by default it just does. */
  readonly part?: PartRunner;
}

/** What was measured of a representation. */
export interface Evaluation {
  /** Test accuracy of weighted kNN, 0 … 1. */
  readonly knn: number;
  /** Test accuracy of the linear probe, 0 … 1. */
  readonly linear: number;
  /** Test accuracy of the MLP probe, where it was asked for. */
  readonly mlp?: number;
  /** Of the test images' representations. */
  readonly effectiveRank: number | null;
  readonly rankMe: number | null;
}

/** How many parts `evaluateEncoder` runs; of features, or of pixels, it is one less. */
export const partsOfEvaluation = ({ mlp }: Pick<EvaluateOptions, "mlp">): number => (mlp ? 4 : 3);

/** Evaluates features of training and test images. */
export async function evaluateFeatures(
  train: Features,
  test: Features,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { part = untold, mlp } = options;
  const nearest = await part("kNN", (onShare) => knn(train, test, { ...options.knn, onShare }));
  const probe = await part("linear probe", (onShare) =>
    linearProbe(train, test, { ...options.linear, onShare }),
  );
  const hidden = mlp
    ? await part("MLP probe", (onShare) =>
        mlpProbe(train, test, {
          ...(options.device && { device: options.device }),
          ...(mlp === true ? {} : mlp),
          onShare,
        }),
      )
    : undefined;
  const ranks = options.rank ?? test.features.shape[1]! <= 1024;
  return {
    knn: nearest.accuracy,
    linear: probe.accuracy,
    ...(hidden && { mlp: hidden.accuracy }),
    effectiveRank: ranks ? effectiveRank(test.features) : null,
    rankMe: ranks ? rankMe(test.features) : null,
  };
}

/** Evaluates a frozen encoder: it sees the images as they are, without augmentation. */
export async function evaluateEncoder(
  encoder: Encoder,
  train: ImageDataset,
  test: ImageDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { part = untold, device } = options;
  const [own, held] = await part("features", async (onShare) => {
    const [first, second] = sections(onShare, train.count, test.count);
    return [await encode(encoder, train, device, first), await encode(encoder, test, device, second)];
  });
  return evaluateFeatures(
    { features: own!, labels: train.labels },
    { features: held!, labels: test.labels },
    options,
  );
}

/** Evaluates the images themselves, as the simplest of all features. The ranks are left out unless asked for. */
export function evaluatePixels(
  train: ImageDataset,
  test: ImageDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const features = (dataset: ImageDataset): Features => ({
    features: pixels(dataset),
    labels: dataset.labels,
  });
  return evaluateFeatures(features(train), features(test), { rank: false, ...options });
}
