/**
 * A self-supervised training run as a program for the loop. One compiled step does it all: images → views → networks →
 * loss → gradients → optimiser; its state stays on the device from step to step. Only the images' bytes, the drawn
 * parameters of the views and a few scalars go in.
 */
import type { Augmentation, ImageShape } from "../augment/augmentation.js";
import { applyViews, type Drawn, drawViews } from "../augment/views.js";
import type { ImageDataset } from "../data/dataset.js";
import { valueAndGrad } from "../engine/grad.js";
import { type HostTensor, hostScalar, hostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { DeviceName } from "../engine/run/device.js";
import { tf } from "../engine/tf.js";
import type { Tree } from "../engine/tree.js";
import type { Layer } from "../nn/layer.js";
import { projector } from "../nn/projector.js";
import { fold, key, permutation } from "../random/index.js";
import { ConfigError, formatShape } from "../support/errors.js";
import { createEncoder, createOptimiser, createPipelines, createSchedule } from "./build.js";
import type { TrainConfig } from "./config/schema.js";
import type { DeviceState, Program } from "./loop.js";
import { createMethod } from "./methods/index.js";
import type { Method, MethodState } from "./methods/method.js";

/** What the seed is used for, folded into it first. */
const purpose = { weights: 0, order: 1, views: 2 } as const;

export interface TrainState<T> extends MethodState<T> {
  readonly optimiser: Tree<T>;
}

/** What a step takes beside the state. */
export interface StepInput<T> {
  /** uint8 [batch, height, width, channels] */
  readonly images: T;
  readonly drawn: Drawn<T>;
  /** The learning rate, and what the method wants. */
  readonly scalars: { readonly lr: T; readonly [name: string]: T };
}

export interface StepResult {
  readonly state: TrainState<tf.Tensor>;
  readonly metrics: { readonly loss: tf.Tensor; readonly [name: string]: tf.Tensor };
}

export interface TrainProgram extends Program {
  readonly encoder: Layer;
  /** The step as a plain function over tensors, to run eagerly or to look at. */
  readonly step: (state: TrainState<tf.Tensor>, input: StepInput<tf.Tensor>) => StepResult;
  /** What step `step`, counted from 0, takes beside the state. */
  input(step: number): StepInput<HostTensor>;
  /** Releases the compiled step. */
  dispose(): Promise<void>;
}

/** The order of the samples in an epoch. */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  return permutation(fold(key(seed), purpose.order, epoch), count);
}

/** @throws ConfigError when the images are fewer than a batch, or views differ in shape */
export function createProgram(config: TrainConfig, dataset: ImageDataset): TrainProgram {
  const stepsPerEpoch = Math.floor(dataset.count / config.batch);
  if (stepsPerEpoch === 0)
    throw new ConfigError(
      `batch: expected at most ${dataset.count}, the number of images, got ${config.batch}`,
    );
  const imageShape: ImageShape = [dataset.height, dataset.width, dataset.channels];
  const pipelines = createPipelines(config.views);
  const encoder = createEncoder(config.encoder, viewShape(pipelines, imageShape));
  const networks = { encoder, projector: projector(config.projector, encoder.outputShape[0]!) };
  const method = createMethod(config.method, networks);
  if (config.views.count < method.views)
    throw new ConfigError(
      `views.count: expected ${method.views} or more for this method, got ${config.views.count}`,
    );
  const optimiser = createOptimiser(config.optimiser);
  const learningRate = createSchedule(config, stepsPerEpoch);
  const totalSteps = config.epochs * stepsPerEpoch;
  const gather = batchGatherer(config, dataset, stepsPerEpoch);

  const step: TrainProgram["step"] = (state, { images, drawn, scalars }) => {
    const pixels = tf.div(tf.cast(images, "float32"), 255) as tf.Tensor4D;
    const views = applyViews(pipelines, pixels, drawn);
    const differentiate = valueAndGrad((params: MethodState<tf.Tensor>["params"]) => {
      const result = method.loss({ params, state: state.state }, views, scalars);
      return { loss: result.loss, aux: { state: result.state, metrics: result.metrics ?? {} } };
    });
    const { loss, grads, aux } = differentiate(state.params);
    const updated = optimiser.update(state.params, grads, state.optimiser, scalars.lr);
    const variables = { params: updated.params, state: aux.state };
    const after = method.afterUpdate?.(variables, scalars) ?? aux.state;
    return {
      state: { params: updated.params, state: after, optimiser: updated.state },
      metrics: { loss, ...aux.metrics },
    };
  };

  const input: TrainProgram["input"] = (number) => {
    const { images, indices, epoch } = gather(number);
    const epochKey = fold(key(config.seed), purpose.views, epoch);
    return {
      images,
      drawn: drawViews(pipelines, epochKey, indices, imageShape),
      scalars: { lr: hostScalar(learningRate(number)), ...scalarsOf(method, number, totalSteps) },
    };
  };

  const compiled = jit(step, { device: config.device as DeviceName, name: "train", donate: [0] });
  return {
    stepsPerEpoch,
    batch: config.batch,
    encoder,
    step,
    input,
    initial() {
      const variables = method.init(fold(key(config.seed), purpose.weights));
      return { ...variables, optimiser: optimiser.init(variables.params) };
    },
    async run(state, number) {
      const result = await compiled(state as unknown as TrainState<HostTensor>, input(number));
      const metrics: Record<string, number> = {};
      for (const [name, tensor] of Object.entries(result.metrics)) {
        metrics[name] = (await tensor.data())[0]!;
        tensor.dispose();
      }
      return {
        state: result.state as unknown as DeviceState,
        metrics: { ...metrics, lr: learningRate(number) },
      };
    },
    dispose: () => compiled.dispose(),
  };
}

function scalarsOf(method: Method, step: number, totalSteps: number): Record<string, HostTensor> {
  const numbers = Object.entries(method.inputs?.(step, totalSteps) ?? {});
  return Object.fromEntries(numbers.map(([name, value]) => [name, hostScalar(value)]));
}

function viewShape(pipelines: readonly (readonly Augmentation[])[], imageShape: ImageShape): ImageShape {
  const shapes = pipelines.map((pipeline) =>
    pipeline.reduce((shape, augmentation) => augmentation.outputShape(shape), imageShape),
  );
  for (const [view, shape] of shapes.entries())
    if (formatShape(shape) !== formatShape(shapes[0]!))
      throw new ConfigError(
        `views.pipelines.${view}: expected images of ${formatShape(shapes[0]!)} as in view 0, got ${formatShape(shape)}`,
      );
  return shapes[0]!;
}

/** Gathers the images of a step. The last samples of an epoch that fill no batch are left out. */
function batchGatherer(config: TrainConfig, dataset: ImageDataset, stepsPerEpoch: number) {
  const size = dataset.height * dataset.width * dataset.channels;
  const shape = [config.batch, dataset.height, dataset.width, dataset.channels];
  let order: { epoch: number; samples: Uint32Array } | undefined;
  return (step: number) => {
    const epoch = Math.floor(step / stepsPerEpoch);
    if (order?.epoch !== epoch) order = { epoch, samples: epochOrder(config.seed, epoch, dataset.count) };
    const first = (step % stepsPerEpoch) * config.batch;
    const indices = order.samples.subarray(first, first + config.batch);
    const images = new Uint8Array(config.batch * size);
    indices.forEach((sample, i) => {
      images.set(dataset.images.subarray(sample * size, (sample + 1) * size), i * size);
    });
    return { images: hostTensor(images, shape), indices, epoch };
  };
}
