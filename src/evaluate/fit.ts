/** Images brought to the form that an encoder takes: its number of channels and its size. */
import { augment } from "../augment/augment.js";
import { centerCrop } from "../augment/center-crop.js";
import type { ImageDataset } from "../data/dataset.js";
import { hostTensor } from "../engine/host.js";
import { key } from "../random/index.js";
import { ShapeError } from "../support/errors.js";

/** The weights of red, green and blue in a grey value (ITU-R BT.601), as PIL has them; torchvision's tensors take 0.2989. */
const luma = [0.299, 0.587, 0.114] as const;

/** Images resized at a time, by pixels. */
const pixelsAtOnce = 1 << 21;

/** `32 × 32 RGB → 28 × 28 grey`, or undefined when nothing changes. */
export function describeFit(
  { height, width, channels }: Pick<ImageDataset, "height" | "width" | "channels">,
  shape: readonly number[],
): string | undefined {
  const [h, w, c] = shape as [number, number, number];
  if (height === h && width === w && channels === c) return undefined;
  const name = (count: number): string => ({ 1: "grey", 3: "RGB" })[count] ?? `${count} channels`;
  return `${height} × ${width} ${name(channels)} → ${h} × ${w} ${name(c)}`;
}

/**
 * The data set with images of another shape. Colour becomes grey by its luma, grey becomes three equal channels; the
 * centre square is resized with antialiasing. Images that have the shape already are the same ones.
 * @param shape [height, width, channels]
 * @param known the images in that shape, where they were made before
 * @throws ShapeError where the channels are neither equal nor 1 and 3
 */
export async function fitImages<T extends ImageDataset>(
  dataset: T,
  shape: readonly number[],
  known?: Uint8Array,
): Promise<T> {
  const [height, width, channels] = shape as [number, number, number];
  if (known) return { ...dataset, height, width, channels, images: known };
  const recoloured = { ...dataset, channels, images: inChannels(dataset, channels) };
  if (dataset.height === height && dataset.width === width) return recoloured;
  const crop = centerCrop({ size: [height, width] });
  const before = dataset.height * dataset.width * channels;
  const after = height * width * channels;
  const images = new Uint8Array(dataset.count * after);
  const most = Math.max(1, Math.floor(pixelsAtOnce / before));
  for (let first = 0; first < dataset.count; first += most) {
    const count = Math.min(most, dataset.count - first);
    const part = hostTensor(recoloured.images.subarray(first * before, (first + count) * before), [
      count,
      dataset.height,
      dataset.width,
      channels,
    ]);
    const { views } = await augment(part, [[crop]], key(0));
    const { data } = views[0]!;
    for (let i = 0; i < data.length; i++) images[first * after + i] = Math.round(255 * data[i]!);
  }
  return { ...recoloured, height, width, images };
}

function inChannels({ name, images, channels }: ImageDataset, wanted: number): Uint8Array {
  if (channels === wanted) return images;
  const count = images.length / channels;
  if (channels === 3 && wanted === 1) {
    const grey = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const at = 3 * i;
      grey[i] = Math.round(luma[0] * images[at]! + luma[1] * images[at + 1]! + luma[2] * images[at + 2]!);
    }
    return grey;
  }
  if (channels === 1 && wanted === 3) {
    const colour = new Uint8Array(3 * count);
    for (let i = 0; i < count; i++) colour.fill(images[i]!, 3 * i, 3 * i + 3);
    return colour;
  }
  throw new ShapeError(
    `${name}: expected images of ${wanted} channels, or of 1 or 3 to convert, got ${channels}`,
  );
}
