/**
 * The images that are the negatives of a run, where these are not the batch's: one patch, of which many views are made
 * (the claim that a single patch is enough), or images of your own. They are fixed for the whole run.
 */
import sharp from "sharp";
import { boxResampling, resample } from "../augment/resample.js";
import { fromPlanes, toPlanes } from "../augment/views.js";
import type { ImageDataset } from "../data/dataset.js";
import { type HostTensor, hostTensor } from "../engine/host.js";
import { eager } from "../engine/jit.js";
import { tf } from "../engine/tf.js";
import { fold, integers, type Key, key, uniform } from "../random/index.js";
import { ConfigError, DataError, formatShape } from "../support/errors.js";
import type { MethodConfig } from "./config/method.js";
import type { NegativesConfig } from "./config/negatives.js";
import type { TrainConfig } from "./config/schema.js";
import { purpose } from "./purpose.js";
import { readSafeTensors } from "./safetensors.js";

type PatchConfig = Extract<NegativesConfig, { name: "patch" }>;

/** The negatives of a method; those of a method without any are the batch's. */
export function negativesOf(method: MethodConfig): NegativesConfig {
  return "negatives" in method ? method.negatives : { name: "batch" };
}

/** How many views of each image are made for a step. */
export function copiesOf(config: NegativesConfig): number {
  return "copies" in config ? config.copies : 0;
}

/**
 * The images that a configuration names as negatives, float32 [count, height, width, channels] in 0 … 1, of the data
 * set's height, width and channels; undefined when they are the batch's or there are none.
 * @throws DataError when a file cannot be read; ConfigError when a sample or a side is out of range
 */
export async function loadNegatives(
  config: Pick<TrainConfig, "method" | "seed">,
  dataset: ImageDataset,
): Promise<HostTensor | undefined> {
  const negatives = negativesOf(config.method);
  if (negatives.name === "patch") {
    const seedKey = fold(key(config.seed), purpose.negatives);
    return cutAndResize(await patchImage(negatives, dataset, seedKey), negatives.side, dataset, seedKey);
  }
  if (negatives.name === "images") return imagesOf(negatives.file, dataset);
  return undefined;
}

/** The image that the patch is cut from, [1, height, width, channels] in 0 … 1. */
async function patchImage(config: PatchConfig, dataset: ImageDataset, seedKey: Key): Promise<HostTensor> {
  const { height, width, channels } = dataset;
  const shape = [1, height, width, channels];
  const size = height * width * channels;
  switch (config.source) {
    case "sample": {
      const index = config.sample ?? integers(fold(seedKey, 0), 1, 0, dataset.count)[0]!;
      if (index >= dataset.count)
        throw new ConfigError(
          `method.negatives.sample: expected 0 to ${dataset.count - 1}, the images of ${dataset.name}, got ${index}`,
        );
      return hostTensor(scaled(dataset.images.subarray(index * size, (index + 1) * size)), shape);
    }
    case "photograph":
      if (config.photograph === null)
        throw new ConfigError("method.negatives.photograph: expected a file, got null");
      return photograph(config.photograph, channels);
    case "noise":
      return hostTensor(uniform(fold(seedKey, 1), size), shape);
    case "constant":
      return hostTensor(new Float32Array(size).fill(config.grey), shape);
  }
}

function scaled(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => byte / 255);
}

async function photograph(file: string, channels: number): Promise<HostTensor> {
  try {
    const image = sharp(file).rotate().removeAlpha();
    const colour = channels === 1 ? image.greyscale().toColourspace("b-w") : image.toColourspace("srgb");
    const { data, info } = await colour.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== channels)
      throw new DataError(`expected an image of ${channels} channels, got ${info.channels}`);
    return hostTensor(scaled(data), [1, info.height, info.width, channels]);
  } catch (error) {
    throw new DataError(`photograph ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** A square of `side` pixels at a place chosen by the key (the whole image without a side), as large as the data's images. */
async function cutAndResize(
  image: HostTensor,
  side: number | null,
  { height, width }: ImageDataset,
  seedKey: Key,
): Promise<HostTensor> {
  const [, imageHeight, imageWidth] = image.shape as [number, number, number, number];
  if (side !== null && (side > imageHeight || side > imageWidth))
    throw new ConfigError(
      `method.negatives.side: expected at most ${Math.min(imageHeight, imageWidth)} for an image of ${imageHeight} × ${imageWidth}, got ${side}`,
    );
  const [cutHeight, cutWidth] = [side ?? imageHeight, side ?? imageWidth];
  const [y, x] = uniform(fold(seedKey, 2), 2) as unknown as [number, number];
  const top = Math.floor(y * (imageHeight - cutHeight + 1));
  const left = Math.floor(x * (imageWidth - cutWidth + 1));
  if (cutHeight === height && cutWidth === width && cutHeight === imageHeight && cutWidth === imageWidth)
    return image;
  const resize = eager((pixels: tf.Tensor4D) => {
    const [at, from, tall, wide] = [top, left, cutHeight, cutWidth].map((value) => tf.tensor1d([value]));
    const box = { top: at!, left: from!, height: tall!, width: wide! };
    const planes = toPlanes(pixels);
    return fromPlanes(resample(planes, boxResampling([imageHeight, imageWidth, 1], box, [height, width])));
  });
  const resized = await resize(image);
  const host = await resized.host();
  resized.dispose();
  return host;
}

function imagesOf(file: string, { height, width, channels }: ImageDataset): HostTensor {
  const { tensors } = readSafeTensors(file);
  const [only] = tensors.values();
  if (tensors.size !== 1 || !only)
    throw new DataError(`negatives ${file}: expected one tensor, got ${tensors.size}`);
  const wanted = [only.shape[0] ?? 0, height, width, channels];
  if (formatShape(only.shape) !== formatShape(wanted) || only.shape[0] === 0)
    throw new DataError(
      `negatives ${file}: expected [count, ${height}, ${width}, ${channels}] as the data's images, got ${formatShape(only.shape)}`,
    );
  if (only.dtype === "uint8") return hostTensor(scaled(only.data as Uint8Array), only.shape);
  if (only.dtype === "float32") return only;
  throw new DataError(`negatives ${file}: expected bytes or float32 in 0 … 1, got ${only.dtype}`);
}
