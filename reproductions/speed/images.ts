/**
 * The images of the speed comparison: the embedded Fashion-MNIST, enlarged and encoded as JPEG, as a folder of pictures
 * would hold them. Every pipeline begins with these bytes.
 */
import sharp from "sharp";
import type { ImageDataset } from "../../src/data/dataset.js";
import { take } from "../../src/data/dataset.js";
import { decodeImages } from "../../src/data/decode.js";
import { fashionMnist } from "../../src/data/fashion-mnist.js";

export interface EncodedImages {
  /** A JPEG file each. */
  readonly files: readonly Uint8Array[];
  readonly labels: Int32Array;
  readonly classes: readonly string[];
}

const quality = 90;

/** @param side in pixels */
export async function encodedImages(
  split: "train" | "test",
  count: number,
  side: number,
): Promise<EncodedImages> {
  const { images, labels, classes, height, width } = take(fashionMnist(split), count);
  const size = height * width;
  const encode = (i: number) =>
    sharp(images.subarray(i * size, (i + 1) * size), { raw: { width, height, channels: 1 } })
      .resize(side, side, { kernel: "cubic" })
      .toColourspace("b-w")
      .jpeg({ quality })
      .toBuffer();
  const files: Uint8Array[] = [];
  for (let i = 0; i < count; i++) files.push(await encode(i));
  return { files, labels, classes };
}

/** All of them decoded, as our pipelines hold a data set that fits into memory. */
export async function decodeAll({ files, labels, classes }: EncodedImages): Promise<ImageDataset> {
  const bytes = async (i: number) => ({ bytes: files[i]!, name: `image ${i}` });
  const decoded = await decodeImages(files.length, bytes, { channels: 1 });
  const { images, height, width } = decoded;
  return {
    name: "fashion-mnist",
    images,
    labels,
    classes,
    count: files.length,
    height,
    width,
    channels: 1,
  };
}
