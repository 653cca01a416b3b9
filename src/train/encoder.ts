/**
 * A trained encoder: its layer and its weights, and what it makes of images. Batch norm is in evaluation mode, so that a
 * feature does not depend on the other images of its batch.
 */
import type { ImageDataset } from "../data/dataset.js";
import { type HostTensor, hostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { DeviceName } from "../engine/run/device.js";
import { tf } from "../engine/tf.js";
import type { Tree } from "../engine/tree.js";
import type { Layer, Variables } from "../nn/layer.js";

export interface Encoder {
  readonly layer: Layer;
  readonly variables: Variables<HostTensor>;
  /** [height, width, channels] */
  readonly imageShape: readonly number[];
}

/** Images per call of the compiled encoder. */
const chunk = 250;

/** The function that `encode` compiles: images as bytes → features. */
export function encoderFunction(layer: Layer) {
  return (params: Tree<tf.Tensor>, state: Tree<tf.Tensor>, images: tf.Tensor): tf.Tensor =>
    layer.apply({ params, state }, tf.div(tf.cast(images, "float32"), 255), false).output;
}

/**
 * The representations of all images of a data set: float32 [count, features].
 * @param device where it runs; the CPU by default
 */
export async function encode(
  { layer, variables }: Encoder,
  {
    images,
    count,
    height,
    width,
    channels,
  }: Pick<ImageDataset, "images" | "count" | "height" | "width" | "channels">,
  device: DeviceName = "cpu",
): Promise<HostTensor> {
  const size = height * width * channels;
  const features = layer.outputShape[0]!;
  const out = new Float32Array(count * features);
  const run = jit(encoderFunction(layer), { name: "encode", device });
  try {
    const length = Math.min(chunk, count);
    for (let start = 0; start < count; start += length) {
      // The last chunk overlaps the one before, so that one program does all.
      const first = Math.min(start, count - length);
      const part = images.subarray(first * size, (first + length) * size);
      const result = await run(
        variables.params,
        variables.state,
        hostTensor(part, [length, height, width, channels]),
      );
      out.set((await result.data()) as Float32Array, first * features);
      result.dispose();
    }
  } finally {
    await run.dispose();
  }
  return hostTensor(out, [count, features]);
}
