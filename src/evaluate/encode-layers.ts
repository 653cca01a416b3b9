/**
 * What each layer of a frozen encoder makes of images: to see where in a network something becomes known, with a probe, or
 * how much two layers have in common, with `cka`.
 */
import type { HostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { DeviceName } from "../engine/run/device.js";
import { tf } from "../engine/tf.js";
import type { Tree } from "../engine/tree.js";
import { type Encoder, type Images, overImages, toPixels } from "./encode.js";

/** Features of images by layer, each float32 [count, channels]. */
export type LayerFeatures = ReadonlyMap<string, HostTensor>;

/**
 * What the layers give, from the first one to the representation (`representation`), each the mean over its places: over
 * pixels, or a transformer's tokens. Layers are the blocks or stages that the encoder's parameters are named by.
 * @param device where it runs; the CPU by default
 */
export async function encodeLayers(
  { layer, variables }: Encoder,
  images: Images,
  device: DeviceName = "cpu",
): Promise<LayerFeatures> {
  let names: readonly string[] = [];
  const run = jit(
    (params: Tree<tf.Tensor>, state: Tree<tf.Tensor>, x: tf.Tensor): tf.Tensor[] => {
      const { output, parts = {} } = layer.apply({ params, state }, toPixels(x), false);
      const inside = Object.entries(parts).filter(([, part]) => part !== output);
      names = [...inside.map(([name]) => name), "representation"];
      return [...inside.map(([, part]) => overPlaces(part)), output];
    },
    { name: "encode layers", device },
  );
  try {
    const features = await overImages(images, (chunk) => run(variables.params, variables.state, chunk));
    return new Map(features.map((tensor, i) => [names[i]!, tensor]));
  } finally {
    await run.dispose();
  }
}

/** [batch, …, channels] → [batch, channels] */
function overPlaces(x: tf.Tensor): tf.Tensor {
  const places = Array.from({ length: x.rank - 2 }, (_, i) => i + 1);
  return places.length === 0 ? x : tf.mean(x, places);
}
