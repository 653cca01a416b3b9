/** A training against the clock: how long each epoch took, with all that the pipeline does, and how good the encoder is then. */
import type { ImageDataset } from "../../src/data/dataset.js";
import { toHost } from "../../src/engine/to-host.js";
import { encode, withStatisticsOf } from "../../src/evaluate/encode.js";
import { knn } from "../../src/evaluate/knn.js";
import type { TrainConfig } from "../../src/train/config/schema.js";
import { encoderIn, untrainedEncoder } from "../../src/train/encoder.js";
import type { DeviceState } from "../../src/train/loop.js";
import type { Measured } from "../support/laboratory.js";
import { measure, measurePixels, type Splits } from "../support/measure.js";
import { decodeAll, type EncodedImages, encodedImages } from "./images.js";
import { compiledFeed, type Feed, perImageFeed } from "./pipelines.js";

export interface Stage {
  /** What the pipelines begin with. */
  readonly train: EncodedImages;
  /** The same, decoded. */
  readonly decoded: ImageDataset;
  readonly splits: Splits;
  readonly side: number;
}

export async function openStage(count: number, testCount: number, side: number): Promise<Stage> {
  const train = await encodedImages("train", count, side);
  const [decoded, test] = await Promise.all([
    decodeAll(train),
    decodeAll(await encodedImages("test", testCount, side)),
  ]);
  const tasks = [{ name: "class", train: decoded.labels, test: test.labels }];
  return { train, decoded, side, splits: { train: decoded, test, tasks } };
}

/** The names of the facts of a timed training: seconds of training up to the end of an epoch, and kNN accuracy there. */
export const factNames = {
  seconds: (epoch: number) => `secondsAfterEpoch${epoch}`,
  knn: (epoch: number) => `knnAfterEpoch${epoch}`,
};

/**
 * Trains, with the clock stopped while the encoder is measured. Opening the pipeline and compiling are on the clock.
 */
export async function timedTraining(
  config: TrainConfig,
  { train, side, splits }: Stage,
  pipeline: "compiled" | "per image",
): Promise<Measured> {
  let milliseconds = 0;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    milliseconds += performance.now() - began;
    return result;
  };
  const feed = await timed(() =>
    pipeline === "compiled" ? compiledFeed(config, train) : perImageFeed(config, train, side),
  );
  try {
    const facts: Record<string, number> = {};
    let state: DeviceState = feed.initial();
    for (let epoch = 1; epoch <= config.epochs; epoch++) {
      state = await timed(() => runEpoch(feed, state, epoch - 1));
      facts[factNames.seconds(epoch)] = Number((milliseconds / 1000).toFixed(3));
      facts[factNames.knn(epoch)] = await nearest(await encoderOf(feed, state, splits), splits);
    }
    return { ...(await measure(await encoderOf(feed, state, splits), splits)), facts };
  } finally {
    await feed.close();
  }
}

async function runEpoch(feed: Feed, start: DeviceState, epoch: number): Promise<DeviceState> {
  let state = start;
  for (let i = 0; i < feed.stepsPerEpoch; i++) state = await feed.run(state, epoch * feed.stepsPerEpoch + i);
  return state;
}

async function encoderOf(feed: Feed, state: DeviceState, { train }: Splits) {
  return encoderIn(await toHost(state), feed.encoder, train);
}

async function nearest(
  encoder: ReturnType<typeof encoderIn>,
  { train, test, tasks }: Splits,
): Promise<number> {
  const [task] = tasks;
  const { accuracy } = await knn(
    { features: await encode(encoder, train), labels: task!.train },
    { features: await encode(encoder, test), labels: task!.test },
  );
  return Number((100 * accuracy).toFixed(3));
}

/** The encoder before training, with initial batch-norm statistics or those of the training images. */
export async function untrained(
  config: TrainConfig,
  { decoded, splits }: Stage,
  statisticsOfData: boolean,
): Promise<Measured> {
  const encoder = await untrainedEncoder(config, decoded);
  return measure(statisticsOfData ? await withStatisticsOf(encoder, decoded) : encoder, splits);
}

export async function rawPixels({ splits }: Stage): Promise<Measured> {
  return measurePixels(splits);
}
