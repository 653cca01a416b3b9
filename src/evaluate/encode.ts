/**
 * A frozen encoder: its layer and its weights, and what it makes of images. Batch norm is in evaluation mode, so that a
 * feature does not depend on the other images of its batch.
 */
import type { ImageDataset } from "../data/dataset.js";
import type { DeviceTensor } from "../engine/device-tensor.js";
import { type HostTensor, hostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { DeviceName } from "../engine/run/device.js";
import { tf } from "../engine/tf.js";
import { flatten, type Tree, unflatten } from "../engine/tree.js";
import { momentum } from "../nn/batch-norm.js";
import type { Layer, Variables } from "../nn/layer.js";
import type { OnShare } from "./progress.js";

/** A frozen network: a layer, its weights and statistics, and the images that it takes. */
export interface Encoder {
  readonly layer: Layer;
  readonly variables: Variables<HostTensor>;
  /** [height, width, channels] */
  readonly imageShape: readonly number[];
}

/** Images, as bytes; labels play no part. */
export type Images = Pick<ImageDataset, "images" | "count" | "height" | "width" | "channels">;

/** Images a call of the compiled encoder, so many that their activations take tens of megabytes. */
function chunkOf({ count, height, width }: Images): number {
  return Math.min(count, Math.max(1, Math.round((256 * 32 * 32) / (height * width))));
}

/** Bytes as numbers in 0 … 1, as encoders take them. */
export const toPixels = (images: tf.Tensor): tf.Tensor => tf.div(tf.cast(images, "float32"), 255);

/** The function that `encode` compiles: images as bytes → features. */
export function encoderFunction(layer: Layer) {
  return (params: Tree<tf.Tensor>, state: Tree<tf.Tensor>, images: tf.Tensor): tf.Tensor =>
    layer.apply({ params, state }, toPixels(images), false).output;
}

/** So many images from the `first` one on, as a tensor that shares their memory. */
function slice({ images, height, width, channels }: Images, first: number, length: number): HostTensor {
  const size = height * width * channels;
  return hostTensor(images.subarray(first * size, (first + length) * size), [
    length,
    height,
    width,
    channels,
  ]);
}

/**
 * What a compiled program makes of all images, chunk by chunk.
 * @param run from a chunk to tensors [images of the chunk, width]
 * @returns the tensors [count, width]
 */
export async function overImages(
  images: Images,
  run: (chunk: HostTensor) => Promise<readonly DeviceTensor[]>,
  onShare?: OnShare,
): Promise<HostTensor[]> {
  const { count } = images;
  const length = chunkOf(images);
  const outputs: HostTensor[] = [];
  for (let start = 0; start < count; start += length) {
    // The last chunk overlaps the one before, so that one program does all.
    const first = Math.min(start, count - length);
    for (const [i, result] of (await run(slice(images, first, length))).entries()) {
      const width = result.shape[1]!;
      outputs[i] ??= hostTensor(new Float32Array(count * width), [count, width]);
      outputs[i].data.set(await result.data(), first * width);
      result.dispose();
    }
    onShare?.((start + length) / count);
  }
  return outputs;
}

/**
 * The representations of all images: float32 [count, features].
 * @param device where it runs; the CPU by default
 */
export async function encode(
  { layer, variables }: Encoder,
  images: Images,
  device: DeviceName = "cpu",
  onShare?: OnShare,
): Promise<HostTensor> {
  const run = jit(encoderFunction(layer), { name: "encode", device });
  try {
    const features = async (chunk: HostTensor) => [await run(variables.params, variables.state, chunk)];
    return (await overImages(images, features, onShare))[0]!;
  } finally {
    await run.dispose();
  }
}

/** The images themselves as features, in 0 … 1: float32 [count, height · width · channels]. */
export function pixels({ images, count, height, width, channels }: Images): HostTensor {
  const size = height * width * channels;
  const out = new Float32Array(count * size);
  for (let i = 0; i < out.length; i++) out[i] = images[i]! / 255;
  return hostTensor(out, [count, size]);
}

/**
 * The encoder with its batch-norm statistics taken anew from images, a batch of them at most. An untrained encoder has
 * none of its own: its running means are 0 and its variances 1, whatever the images are. One without batch norm stays.
 */
export async function withStatisticsOf(
  encoder: Encoder,
  images: Images,
  device: DeviceName = "cpu",
): Promise<Encoder> {
  const { layer, variables } = encoder;
  const { params, state } = variables;
  if (flatten<HostTensor>(state).leaves.length === 0) return encoder;
  const run = jit(
    (p: Tree<tf.Tensor>, s: Tree<tf.Tensor>, x: tf.Tensor): Tree<tf.Tensor> =>
      layer.apply({ params: p, state: s }, toPixels(x), true).state,
    { name: "statistics", device },
  );
  try {
    const updated = await run(params, state, slice(images, 0, chunkOf(images)));
    const { leaves, definition } = flatten<HostTensor>(state);
    const blended = flatten<DeviceTensor>(updated as Tree<DeviceTensor>).leaves;
    const fresh = await Promise.all(
      leaves.map(async (old, i) => {
        // The layer gave (1 − momentum)·old + momentum·batch.
        const now = await blended[i]!.data();
        const batch = Float32Array.from(now, (v, j) => (v - (1 - momentum) * old.data[j]!) / momentum);
        return hostTensor(batch, old.shape);
      }),
    );
    return { ...encoder, variables: { params, state: unflatten(definition, fresh) } };
  } finally {
    await run.dispose();
  }
}
