/**
 * Views: pipelines of augmentations. The parameters of a view are named by (seed, epoch, sample, view, operation), so
 * that a sample gets the same view in an epoch whatever the batch, the order or the number of workers.
 */
import type { HostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { fold, type Key, Stream } from "../random/index.js";
import {
  type Augmentation,
  allocateDrawn,
  type DrawnArrays,
  type DrawnParameters,
  type ImageShape,
} from "./augmentation.js";
import { compose, resample, shapeOf } from "./resample.js";

/** The augmentations of a view, in order. */
export type Pipeline = readonly Augmentation[];

/** What was drawn for a batch: for each view and each of its augmentations, the parameters by name. */
export type Drawn<T> = readonly (readonly DrawnParameters<T>[])[];

/** The shape of the images that a pipeline makes. @throws ShapeError when an augmentation cannot be applied */
export function pipelineShape(pipeline: Pipeline, shape: ImageShape): ImageShape {
  return pipeline.reduce((now, augmentation) => augmentation.outputShape(now), shape);
}

/**
 * Draws the parameters of all views of a batch.
 * @param key of the run and the epoch: fold(key(seed), epoch)
 * @param samples the samples' numbers in the data set
 * @param shape [height, width, channels] of the images before the first augmentation
 */
export function drawViews(
  pipelines: readonly Pipeline[],
  key: Key,
  samples: ArrayLike<number>,
  shape: ImageShape,
): Drawn<HostTensor> {
  const keys = Array.from(samples, (sample) => fold(key, sample));
  const stream = new Stream();
  const firsts: DrawnArrays[] = [];
  return pipelines.map((pipeline, view) => {
    const viewKeys = keys.map((sampleKey) => fold(sampleKey, view));
    let now = shape;
    return pipeline.map((augmentation, operation) => {
      const input = now;
      now = augmentation.outputShape(input);
      const drawn = allocateDrawn(augmentation.parameters(input), samples.length);
      const into = arraysOf(drawn);
      const earlier = operation === 0 ? firsts.slice(0, view) : undefined;
      if (operation === 0) firsts[view] = into;
      if (Object.keys(into).length === 0) return drawn;
      for (let i = 0; i < viewKeys.length; i++)
        augmentation.draw(stream.start(fold(viewKeys[i]!, operation)), into, i, input, samples[i]!, earlier);
      augmentation.drawTogether?.(into, samples.length);
      return drawn;
    });
  });
}

function arraysOf(drawn: DrawnParameters<HostTensor>): DrawnArrays {
  return Object.fromEntries(
    Object.entries(drawn).map(([name, { data }]) => [name, data as Float32Array | Int32Array]),
  );
}

/**
 * Makes the views of a batch, inside the compiled step.
 * @param images float32 [batch, height, width, channels] in 0 … 1
 * @returns for each view float32 [batch, height, width, channels], of the view's own height and width
 */
export function applyViews(
  pipelines: readonly Pipeline[],
  images: tf.Tensor4D,
  drawn: Drawn<tf.Tensor>,
): tf.Tensor4D[] {
  const planes = toPlanes(images);
  return pipelines.map((pipeline, view) => fromPlanes(applyPipeline(pipeline, planes, drawn[view]!)));
}

/** Applies a pipeline to planes [batch, channels, height, width]; neighbours that only resample are applied as one. */
export function applyPipeline(
  pipeline: Pipeline,
  images: tf.Tensor4D,
  drawn: readonly DrawnParameters<tf.Tensor>[],
): tf.Tensor4D {
  let x = images;
  for (let i = 0; i < pipeline.length; i++) {
    const augmentation = pipeline[i]!;
    if (!augmentation.resampling) {
      x = augmentation.apply(x, drawn[i]!);
      continue;
    }
    let shape = shapeOf(x);
    let whole = augmentation.resampling(shape, drawn[i]!);
    for (let next = pipeline[i + 1]; next?.resampling; next = pipeline[i + 1]) {
      shape = pipeline[i]!.outputShape(shape);
      i++;
      whole = compose(whole, next.resampling(shape, drawn[i]!));
    }
    x = resample(x, whole);
  }
  return x;
}

/**
 * The labels of each view after the augmentations that change labels, inside the compiled step.
 * @param labels float32 [batch, classes], rows that sum to 1, such as one-hot
 */
export function applyLabels(
  pipelines: readonly Pipeline[],
  labels: tf.Tensor2D,
  drawn: Drawn<tf.Tensor>,
): tf.Tensor2D[] {
  return pipelines.map((pipeline, view) =>
    pipeline.reduce(
      (now, augmentation, operation) => augmentation.labels?.(now, drawn[view]![operation]!) ?? now,
      labels,
    ),
  );
}

/**
 * Labels as float32 [batch, classes], a 1 in the column of the class, as augmentations that change labels want them.
 * @param labels int32 [batch]
 */
export function oneHot(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.oneHot(labels, classes, 1, 0, "float32") as tf.Tensor2D;
}

/** Whether any augmentation of the pipelines changes labels. */
export function changesLabels(pipelines: readonly Pipeline[]): boolean {
  return pipelines.some((pipeline) => pipeline.some(({ labels }) => labels !== undefined));
}

/** [batch, height, width, channels] → [batch, channels, height, width]; of grey images nothing moves. */
export function toPlanes(images: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = images.shape;
  if (channels === 1) return tf.reshape(images, [batch, 1, height, width]);
  return tf.transpose(images, [0, 3, 1, 2]);
}

/** [batch, channels, height, width] → [batch, height, width, channels]. */
export function fromPlanes(planes: tf.Tensor4D): tf.Tensor4D {
  const [batch, channels, height, width] = planes.shape;
  if (channels === 1) return tf.reshape(planes, [batch, height, width, 1]);
  return tf.transpose(planes, [0, 2, 3, 1]);
}
