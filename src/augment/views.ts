/**
 * Views: pipelines of augmentations. The parameters of a view are named by (seed, epoch, sample, view, operation), so
 * that a sample gets the same view in an epoch whatever the batch, the order or the number of workers.
 */
import { allocate, type HostTensor, hostTensor, sizeOf } from "../engine/host.js";
import type { tf } from "../engine/tf.js";
import { fold, type Key } from "../random/index.js";
import type { Augmentation, ImageShape } from "./augmentation.js";

/** What was drawn for a batch: for each view and each of its augmentations, parameters with the batch as first axis. */
export type Drawn<T> = readonly (readonly T[])[];

/**
 * Draws the parameters of all views of a batch.
 * @param key of the run and the epoch: fold(key(seed), epoch)
 * @param samples the samples' numbers in the data set
 */
export function drawViews(
  pipelines: readonly (readonly Augmentation[])[],
  key: Key,
  samples: ArrayLike<number>,
  shape: ImageShape,
): Drawn<HostTensor> {
  const keys = Array.from(samples, (sample) => fold(key, sample));
  return pipelines.map((pipeline, view) => {
    const viewKeys = keys.map((sampleKey) => fold(sampleKey, view));
    let now = shape;
    return pipeline.map((augmentation, operation) => {
      const input = now;
      now = augmentation.outputShape(now);
      return stack(viewKeys.map((viewKey) => augmentation.draw(fold(viewKey, operation), input)));
    });
  });
}

/** Makes the views of a batch, inside the compiled step. @param images float32 [batch, height, width, channels] in 0 … 1 */
export function applyViews(
  pipelines: readonly (readonly Augmentation[])[],
  images: tf.Tensor4D,
  drawn: Drawn<tf.Tensor>,
): tf.Tensor4D[] {
  return pipelines.map((pipeline, view) =>
    pipeline.reduce((x, augmentation, operation) => augmentation.apply(x, drawn[view]![operation]!), images),
  );
}

/** Tensors of one shape, one after the other along a new first axis. */
export function stack(tensors: readonly HostTensor[]): HostTensor {
  const { shape, dtype } = tensors[0]!;
  const size = sizeOf(shape);
  const data = allocate(dtype, size * tensors.length);
  tensors.forEach((tensor, i) => {
    data.set(tensor.data, i * size);
  });
  return hostTensor(data, [tensors.length, ...shape], dtype);
}
