/**
 * A run's encoder, evaluated: on the training and test images of its own data set, with the untrained encoder of the
 * same seed beside it, for random features are a strong baseline. The result stands in the run folder, in
 * evaluation.json.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageDataset } from "../data/dataset.js";
import type { DeviceName } from "../engine/run/device.js";
import { effectiveRank } from "../evaluate/effective-rank.js";
import { type Encoder, encode, withStatisticsOf } from "../evaluate/encode.js";
import {
  type EvaluateOptions,
  type Evaluation,
  evaluateEncoder,
  evaluatePixels,
  partsOfEvaluation,
} from "../evaluate/evaluate.js";
import { knn } from "../evaluate/knn.js";
import { counted, type EvaluationProgress, under } from "../evaluate/progress.js";
import type { OnRead } from "../evaluate/tasks.js";
import { writeFileAtomic } from "../support/atomic.js";
import { DataError } from "../support/errors.js";
import type { TrainConfig } from "./config/schema.js";
import { createDataset } from "./dataset.js";
import { encoderIn, loadEncoder, untrainedEncoder } from "./encoder.js";
import type { HostState } from "./loop.js";
import { probeScores } from "./probe-scores.js";
import type { TrainProgram } from "./program.js";
import { readRunConfig } from "./run-folder.js";

/** A run's encoder, and what stands beside it, on the run's own data; evaluation.json holds it. */
export interface RunEvaluation {
  readonly trained: Evaluation;
  /** The initial weights of the same seed, with batch-norm statistics as they are at the start, mean 0 and variance 1. */
  readonly untrained: Evaluation;
  /** The initial weights of the same seed, with batch-norm statistics of training images. */
  readonly untrainedStatistics: Evaluation;
  readonly pixels?: Evaluation;
}

/** The encoders that stand side by side, in words. */
export const encoderNames = {
  trained: "this encoder",
  untrained: "untrained",
  untrainedStatistics: "untrained, statistics of data",
} as const;

/** Who is told how far it is. */
export interface RunEvaluationProgress {
  /** After every part: what is in work, how much is done. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
  /** While images are decoded before. */
  readonly onRead?: OnRead;
}

/** Evaluates the encoder of a run folder and what stands beside it, and writes evaluation.json there. */
export async function evaluateRun(
  path: string,
  {
    withPixels = false,
    onProgress,
    onRead,
    ...given
  }: EvaluateOptions & RunEvaluationProgress & { readonly withPixels?: boolean } = {},
): Promise<RunEvaluation> {
  const { config } = readRunConfig(path);
  const [train, test] = [
    await createDataset(config, "train", onRead),
    await createDataset(config, "test", onRead),
  ];
  const { trained, untrained, untrainedStatistics } = await encodersOf(path, config, train);
  const parts = partsOfEvaluation(given);
  const part = counted(3 * parts + (withPixels ? parts - 1 : 0), onProgress);
  const optionsOf = (heading: string) => ({
    device: config.device as DeviceName,
    ...given,
    part: under(heading, part),
  });
  const of = (heading: string, encoder: Encoder) => evaluateEncoder(encoder, train, test, optionsOf(heading));
  const evaluation: RunEvaluation = {
    trained: await of(encoderNames.trained, trained),
    untrained: await of(encoderNames.untrained, untrained),
    untrainedStatistics: await of(encoderNames.untrainedStatistics, untrainedStatistics),
    ...(withPixels ? { pixels: await evaluatePixels(train, test, optionsOf("raw pixels")) } : {}),
  };
  writeFileAtomic(join(path, "evaluation.json"), `${JSON.stringify(evaluation, null, 2)}\n`);
  return evaluation;
}

/** A run's encoder, and the untrained ones that stand beside it. */
export async function encodersOf(path: string, config: TrainConfig, train: ImageDataset) {
  const untrained = await untrainedEncoder(config, train);
  return {
    trained: await loadEncoder(path),
    untrained,
    untrainedStatistics: await withStatisticsOf(untrained, train),
  };
}

/** evaluation.json of a run folder, or undefined when there is none. @throws DataError when it is no JSON */
export function readEvaluation(path: string): RunEvaluation | undefined {
  const file = join(path, "evaluation.json");
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as RunEvaluation;
  } catch (error) {
    throw new DataError(`file ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** What the loop measures between epochs, on test images: the kNN accuracy, the effective rank, the online probes. */
export function epochEvaluator(config: TrainConfig, program: TrainProgram, train: ImageDataset) {
  const device = config.device as DeviceName;
  let test: ImageDataset | undefined;
  return async (state: HostState): Promise<Record<string, number>> => {
    test ??= await createDataset(config, "test");
    const encoder = encoderIn(state, program.encoder, train);
    const reference = { features: await encode(encoder, train, device), labels: train.labels };
    const queries = { features: await encode(encoder, test, device), labels: test.labels };
    const { accuracy } = await knn(reference, queries);
    return {
      knn: accuracy,
      effectiveRank: effectiveRank(queries.features),
      ...(program.probes && (await probeScores(program, program.probes, state, test, device))),
    };
  };
}
