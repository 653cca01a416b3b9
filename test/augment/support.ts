/** What the tests of augmentations share: images, drawing, and applying eagerly or compiled. */
import type { Augmentation, ImageShape } from "../../src/augment/augmentation.js";
import { applyLabels, applyViews, type Drawn, drawViews } from "../../src/augment/views.js";
import { type HostTensor, hostTensor, sizeOf } from "../../src/engine/host.js";
import { eager, jit, type tf } from "../../src/index.js";
import { fold, key } from "../../src/random/index.js";
import { generator } from "../support/data.js";

/** Images [batch, height, width, channels] of random bytes, as numbers in 0 … 1. */
export function images(shape: readonly number[], seed = 1): HostTensor {
  const next = generator(seed);
  const pixels = Float32Array.from({ length: sizeOf(shape) }, () => Math.floor(256 * next()) / 255);
  return hostTensor(pixels, shape);
}

export function imageShape(batch: HostTensor): ImageShape {
  return batch.shape.slice(1) as unknown as ImageShape;
}

export const epochKey = fold(key(7), 3);

/** Draws one view for samples 0, 1, … of a batch. */
export function draw(
  pipeline: readonly Augmentation[],
  batch: HostTensor,
  samples: ArrayLike<number> = Array.from({ length: batch.shape[0]! }, (_, i) => i),
  from = epochKey,
): Drawn<HostTensor> {
  return drawViews([pipeline], from, samples, imageShape(batch));
}

const view = (pipeline: readonly Augmentation[]) => (pixels: tf.Tensor4D, drawn: Drawn<tf.Tensor>) =>
  applyViews([pipeline], pixels, drawn)[0]!;

/** The pixels of a view, made by TensorFlow.js's cpu backend. */
export async function applyEagerly(
  pipeline: readonly Augmentation[],
  batch: HostTensor,
  drawn: Drawn<HostTensor> = draw(pipeline, batch),
): Promise<HostTensor> {
  return (await eager(view(pipeline))(batch, drawn)).host();
}

/** The pixels of a view, made by the compiled program. */
export async function applyCompiled(
  pipeline: readonly Augmentation[],
  batch: HostTensor,
  drawn: Drawn<HostTensor> = draw(pipeline, batch),
): Promise<HostTensor> {
  const run = jit(view(pipeline));
  try {
    return await (await run(batch, drawn)).host();
  } finally {
    await run.dispose();
  }
}

/** The labels of a view. @param labels [batch, classes] */
export async function labelsOf(
  pipeline: readonly Augmentation[],
  labels: HostTensor,
  drawn: Drawn<HostTensor>,
): Promise<HostTensor> {
  const change = (x: tf.Tensor2D, d: Drawn<tf.Tensor>) => applyLabels([pipeline], x, d)[0]!;
  return (await eager(change)(labels, drawn)).host();
}
