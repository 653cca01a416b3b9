/** The views of some images in a grid, to see what a pipeline does before a run is spent on it. */
import { augment } from "../augment/augment.js";
import type { ImageShape } from "../augment/augmentation.js";
import type { Pipeline } from "../augment/views.js";
import { type HostTensor, sizeOf } from "../engine/host.js";
import { fold, type Key } from "../random/index.js";
import { formatShape, ShapeError } from "../support/errors.js";
import type { Figure } from "./figure.js";
import { type GridCell, imageGrid } from "./image-grid.js";

/** Which images and views a grid shows. */
export interface ViewGridOptions {
  /** How many draws of each pipeline, as in so many epochs; 1 by default. */
  readonly draws?: number;
  /** What stands above the columns of each pipeline; `view 1`, … by default. */
  readonly titles?: readonly string[];
  readonly title?: string;
  /** By default the names of the augmentations. */
  readonly caption?: string;
  /** Side of a cell. */
  readonly cellSize?: number;
}

/**
 * A grid with a row for each image: the image itself, then its views. Pixels outside 0 … 1 are cut off.
 * @param images bytes or float32 in 0 … 1, [batch, height, width, channels] with 1 or 3 channels
 * @param key of the run; draw d of it is that of epoch d
 */
export async function viewGrid(
  images: HostTensor,
  pipelines: readonly Pipeline[],
  key: Key,
  options: ViewGridOptions = {},
): Promise<Figure> {
  if (images.shape.length !== 4)
    throw new ShapeError(
      `images: expected [batch, height, width, channels], got ${formatShape(images.shape)}`,
    );
  const { draws = 1, title = "Images and their views", cellSize } = options;
  const titles = options.titles ?? pipelines.map((_, view) => `view ${view + 1}`);
  const steps = (pipeline: Pipeline): string => pipeline.map(({ name }) => name).join(", ");
  const caption =
    options.caption ?? pipelines.map((pipeline, view) => `${titles[view]}: ${steps(pipeline)}`).join("; ");
  const batch = images.shape[0]!;
  const cells = Array.from({ length: batch }, (_, i) => [cell(images, i)]);
  const columns = ["image"];
  for (let draw = 0; draw < draws; draw++) {
    const { views } = await augment(images, pipelines, fold(key, draw));
    views.forEach((view, v) => {
      columns.push(titles[v]!);
      for (let i = 0; i < batch; i++) cells[i]!.push(cell(view, i));
    });
  }
  return imageGrid(cells, { title, caption, columns, ...(cellSize !== undefined && { cellSize }) });
}

/** One image of a batch as bytes. */
function cell({ data, shape, dtype }: HostTensor, index: number): GridCell {
  const [height, width, channels] = shape.slice(1) as unknown as ImageShape;
  const size = sizeOf([height, width, channels]);
  const pixels = data.subarray(index * size, (index + 1) * size);
  const bytes =
    dtype === "float32" ? Uint8Array.from(pixels, (x) => 255 * Math.min(1, Math.max(0, x)) + 0.5) : pixels;
  return { batch: { images: bytes as Uint8Array, height, width, channels }, index: 0 };
}
