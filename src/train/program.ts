/**
 * A self-supervised training run as a program for the loop. One compiled step does it all: images → views → networks →
 * loss → gradients → optimiser; its state stays on the device from step to step. Only the images' bytes, the drawn
 * parameters of the views and a few scalars go in.
 */
import type { ImageShape } from "../augment/augmentation.js";
import { drawViews, type Pipeline, pipelineShape } from "../augment/views.js";
import type { ImageDataset } from "../data/dataset.js";
import { isStreamed } from "../data/loader/streamed.js";
import { type HostTensor, hostScalar, hostTensor } from "../engine/host.js";
import type { DeviceName } from "../engine/run/device.js";
import type { tf } from "../engine/tf.js";
import { leafPaths, type Tree } from "../engine/tree.js";
import type { Layer } from "../nn/layer.js";
import { type Projector, projector } from "../nn/projector.js";
import { zerosLike } from "../optim/optimiser.js";
import { fold, key, permutation } from "../random/index.js";
import { ConfigError } from "../support/errors.js";
import { anySize } from "./any-size.js";
import { createEncoder, createOptimiser, createPipelines, createSchedule } from "./build.js";
import type { TrainConfig } from "./config/schema.js";
import { cropsWhileDecoding, splitCrops } from "./crops.js";
import type { DeviceState, HostState, Program } from "./loop.js";
import { checkLossScale, initLossScale } from "./loss-scale.js";
import { createMethod } from "./methods/index.js";
import type { Method } from "./methods/method.js";
import { copiesOf, negativesOf } from "./negatives.js";
import { normalizedEncoder } from "./normalized.js";
import { chosen, pathFilter } from "./paths.js";
import { createProbeStep } from "./probe-step.js";
import { createProbes, type Probes } from "./probes.js";
import { purpose } from "./purpose.js";
import { resolutionAt } from "./resolution.js";
import { type CompiledStep, compileStep } from "./run-step.js";
import { scaledStep } from "./scaled-step.js";
import { startOf } from "./start.js";
import { createStep, type StepFunctions, type StepInput, type StepResult, type TrainState } from "./step.js";
import { openStream, type Stream } from "./stream.js";

export type { StepInput, StepResult, TrainState } from "./step.js";

/** A training run as functions: its step, the input of each step, its networks. */
export interface TrainProgram extends Program {
  /** For images as they are in the data set: with the views' normalisation before it, if they have one. */
  readonly encoder: Layer;
  readonly projector: Projector;
  /** The online probes, where the configuration wants them. */
  readonly probes: Probes | undefined;
  /** The step as a plain function over tensors, to run eagerly or to look at; of the last epoch's resolution. */
  readonly step: (state: TrainState<tf.Tensor>, input: StepInput<tf.Tensor>) => StepResult;
  /** What step `step`, counted from 0, takes beside the state; of a streamed data set, with the batch that was read. */
  input(step: number, streamed?: StreamedBatch): StepInput<HostTensor>;
  /** Releases the compiled step. */
  dispose(): Promise<void>;
}

type StreamedBatch = Awaited<ReturnType<Stream["batch"]>>;

/** What a program needs beside its configuration and data. */
export interface ProgramOptions {
  /** The images that `loadNegatives` gave, where the configuration names some. */
  readonly negatives?: HostTensor | undefined;
}

/** The order of the samples in an epoch. */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  return permutation(fold(key(seed), purpose.order, epoch), count);
}

/** @throws ConfigError when the images are fewer than a batch, or parts of the configuration do not fit together */
export function createProgram(
  config: TrainConfig,
  dataset: ImageDataset,
  { negatives }: ProgramOptions = {},
): TrainProgram {
  const stepsPerEpoch = Math.floor(dataset.count / config.batch);
  check(config, dataset, negatives);
  const imageShape: ImageShape = [dataset.height, dataset.width, dataset.channels];
  const { crop, views } = cropsWhileDecoding(config)
    ? splitCrops(config, imageShape)
    : { crop: undefined, views: config.views };
  const sideAt = (epoch: number): number | undefined =>
    config.resolution ? resolutionAt(config.resolution, epoch) : undefined;
  const lastSide = sideAt(config.epochs - 1);
  const lastPipelines = createPipelines(views, imageShape, lastSide);
  const encoder = anySize(
    (shape) => createEncoder(config.encoder, shape),
    pipelineShape(lastPipelines[0]!, imageShape),
  );
  if (config.accumulate > 1 && lastPipelines.some((pipeline) => pipeline.some((a) => a.drawTogether)))
    throw new ConfigError(
      `accumulate: expected 1 with mixup, whose partners may be anywhere in the batch, got ${config.accumulate}`,
    );
  const mlp = (features: number): Projector =>
    projector(config.projector, features, {
      relu: config.projectorRelu,
      coefficient: config.projectorCoefficient,
    });
  const classes = dataset.classes.length;
  const features = encoder.outputShape[0]!;
  const networks = { encoder, projector: mlp(features), mlp, classes };
  const method = createMethod(config.method, networks);
  const { online, only } = config.probes;
  const probes = online ? createProbes(features, networks.projector, classes, online) : undefined;
  if (views.count < method.views && !only)
    throw new ConfigError(
      `views.count: expected ${method.views} or more for this method, got ${views.count}`,
    );
  const start = startOf(method, config);
  const paths = leafPaths(start.params);
  const frozen = config.freeze.length > 0 ? pathFilter(config.freeze, paths, "freeze") : undefined;
  const trainedOf = (params: Tree<HostTensor>): Tree<HostTensor> =>
    frozen ? chosen(params, (path) => !frozen(path)) : params;
  const optimiser = createOptimiser(config.optimiser, paths);
  const learningRate = createSchedule(config, stepsPerEpoch);
  const totalSteps = config.epochs * stepsPerEpoch;
  const gather = batchGatherer(config, dataset, stepsPerEpoch, crop?.views);
  const copies = copiesOf(negativesOf(config.method));

  const mixed = config.precision === "mixed" && !only;
  const functionsFor = (pipelines: readonly Pipeline[]): StepFunctions => {
    if (only && probes) return createProbeStep({ networks, probes, classes, pipelines });
    const clipNorm = config.clipNorm ?? undefined;
    const options = { method, optimiser, pipelines, probes, classes, copies, frozen, clipNorm };
    const functions = createStep(options);
    return mixed ? scaledStep(functions, config.lossScale) : functions;
  };

  const initial = (): HostState => ({
    ...start,
    optimiser: only ? null : optimiser.init(trainedOf(start.params)),
    ...(probes && { probes: probes.init(fold(key(config.seed), purpose.probes)) }),
    ...(mixed && { lossScale: initLossScale(config.lossScale) }),
  });

  let current: { side: number | undefined; pipelines: Pipeline[] } | undefined;
  const pipelinesAt = (epoch: number): Pipeline[] => {
    const side = sideAt(epoch);
    if (!current || current.side !== side)
      current = { side, pipelines: createPipelines(views, imageShape, side) };
    return current.pipelines;
  };

  const input: TrainProgram["input"] = (number, streamed) => {
    const { images, labels, indices, epoch } = gather(number, streamed);
    const pipelines = pipelinesAt(epoch);
    const epochKey = fold(key(config.seed), purpose.views, epoch);
    const scalars = { lr: hostScalar(learningRate(number)), ...scalarsOf(method, number, totalSteps) };
    const drawn = drawViews(pipelines, epochKey, indices, imageShape);
    if (!negatives) return { images, labels, drawn, scalars };
    const stepKey = fold(key(config.seed), purpose.negatives, number);
    const numbers = Array.from({ length: negatives.shape[0]! * copies }, (_, i) => i);
    const viewed = drawViews([pipelines[0]!], stepKey, numbers, imageShape);
    return { images, labels, drawn, negatives: { images: negatives, drawn: viewed }, scalars };
  };

  let compiled: { side: number | undefined; step: CompiledStep } | undefined;
  const compiledAt = async (epoch: number): Promise<CompiledStep> => {
    const side = sideAt(epoch);
    if (compiled && compiled.side === side) return compiled.step;
    // The resolution only grows: the program of a size that is over is not needed again.
    await compiled?.step.dispose();
    const zeros = () => ({
      method: only ? null : zerosLike(trainedOf(start.params)),
      probes: probes && zerosLike(probes.init([0, 0]).params),
    });
    const { precision, recompute, accumulate: parts } = config;
    const threads = config.threads ?? undefined;
    const options = { device: config.device as DeviceName, precision, threads, recompute, parts, zeros };
    compiled = { side, step: compileStep(functionsFor(pipelinesAt(epoch)), options) };
    return compiled.step;
  };

  let stream: Stream | undefined;
  return {
    stepsPerEpoch,
    batch: config.batch,
    encoder: normalizedEncoder(encoder, views, imageShape),
    projector: networks.projector,
    probes,
    step: functionsFor(lastPipelines).step,
    input,
    initial,
    async run(state, number) {
      const step = await compiledAt(Math.floor(number / stepsPerEpoch));
      if (isStreamed(dataset)) stream ??= openStream(dataset, config, crop);
      const streamed = await stream?.batch(number);
      const result = await step.run(state as unknown as TrainState<HostTensor>, input(number, streamed));
      checkLossScale(result.metrics);
      return {
        state: result.state as unknown as DeviceState,
        metrics: { ...result.metrics, lr: learningRate(number) },
      };
    },
    async dispose() {
      await compiled?.step.dispose();
      await stream?.close();
    },
  };
}

function check(config: TrainConfig, dataset: ImageDataset, negatives: HostTensor | undefined): void {
  const { batch, accumulate, probes } = config;
  if (dataset.count < batch)
    throw new ConfigError(`batch: expected at most ${dataset.count}, the number of images, got ${batch}`);
  if (batch % accumulate !== 0)
    throw new ConfigError(`accumulate: expected a divisor of the batch, ${batch}, got ${accumulate}`);
  if (probes.online && dataset.classes.length < 2)
    throw new ConfigError(
      `probes.online: expected a data set with labels of 2 classes or more, got ${dataset.name} with ${dataset.classes.length}`,
    );
  if (copiesOf(negativesOf(config.method)) > 0 && !negatives)
    throw new ConfigError("method.negatives: expected their images, which loadNegatives gives");
}

function scalarsOf(method: Method, step: number, totalSteps: number): Record<string, HostTensor> {
  const numbers = Object.entries(method.inputs?.(step, totalSteps) ?? {});
  return Object.fromEntries(numbers.map(([name, value]) => [name, hostScalar(value)]));
}

/** Gathers the images of a step, or so many crops of each. The last samples of an epoch that fill no batch are left out. */
function batchGatherer(
  config: TrainConfig,
  dataset: ImageDataset,
  stepsPerEpoch: number,
  crops: number | undefined,
) {
  const size = dataset.height * dataset.width * dataset.channels;
  const shape = [config.batch, dataset.height, dataset.width, dataset.channels];
  let order: { epoch: number; samples: Uint32Array } | undefined;
  return (step: number, streamed?: StreamedBatch) => {
    const epoch = Math.floor(step / stepsPerEpoch);
    if (streamed) {
      const { images, labels, samples: indices } = streamed;
      return {
        images: hostTensor(images, crops ? [config.batch, crops, ...shape.slice(1)] : shape),
        labels: hostTensor(labels, [config.batch]),
        indices,
        epoch,
      };
    }
    if (order?.epoch !== epoch) order = { epoch, samples: epochOrder(config.seed, epoch, dataset.count) };
    const first = (step % stepsPerEpoch) * config.batch;
    const indices = order.samples.subarray(first, first + config.batch);
    const images = new Uint8Array(config.batch * size);
    indices.forEach((sample, i) => {
      images.set(dataset.images.subarray(sample * size, (sample + 1) * size), i * size);
    });
    const labels = Int32Array.from(indices, (sample) => dataset.labels[sample]!);
    return { images: hostTensor(images, shape), labels: hostTensor(labels, [config.batch]), indices, epoch };
  };
}
