/**
 * Augmentations outside training: the views of images on the host, to look at or to evaluate with, and what was drawn
 * for them in words. The same names (key, sample, view) give the pixels that the compiled step makes.
 */
import { type HostTensor, hostTensor, sizeOf } from "../engine/host.js";
import { eager, jit } from "../engine/jit.js";
import type { tf } from "../engine/tf.js";
import type { Key } from "../random/index.js";
import { formatShape, ShapeError } from "../support/errors.js";
import type { DrawnParameters, ImageShape } from "./augmentation.js";
import { applyViews, type Drawn, drawViews, type Pipeline } from "./views.js";

export interface AugmentOptions {
  /** The image's number in its data set, or the numbers of a batch; 0, 1, … by default. */
  readonly samples?: number | ArrayLike<number> | undefined;
  /** Parameters that were drawn before, to make the same pixels again; by default they are drawn from the key. */
  readonly drawn?: Drawn<HostTensor> | undefined;
  /**
   * Whether the views are made by a compiled program, which costs a tenth of a second to compile, or on the current
   * TensorFlow.js backend; by default by the one that is likely faster.
   */
  readonly compiled?: boolean | undefined;
}

/** From so many pixels on, compiling takes less time than it saves. */
const pixelsToCompile = 1 << 14;

export interface Augmented {
  /** For each view float32 [height, width, channels], or [batch, height, width, channels] if a batch came. */
  readonly views: readonly HostTensor[];
  /** What was drawn for each view and each of its augmentations, with the batch as first axis. */
  readonly drawn: Drawn<HostTensor>;
}

/**
 * The views of an image or of a batch, outside a compiled function of one's own.
 * @param images [height, width, channels] or [batch, height, width, channels]: bytes, or float32 in 0 … 1
 * @param pipelines the augmentations of each view
 * @param key of the run and the epoch: fold(key(seed), epoch)
 * @throws ShapeError when an augmentation cannot be applied to such images
 */
export async function augment(
  images: HostTensor,
  pipelines: readonly Pipeline[],
  key: Key,
  options: AugmentOptions = {},
): Promise<Augmented> {
  const single = images.shape.length === 3;
  if (!single && images.shape.length !== 4)
    throw new ShapeError(
      `images: expected [height, width, channels] or [batch, height, width, channels], got ${formatShape(images.shape)}`,
    );
  const shape = (single ? images.shape : images.shape.slice(1)) as unknown as ImageShape;
  const batch = single ? 1 : images.shape[0]!;
  const { samples = Array.from({ length: batch }, (_, i) => i) } = options;
  const numbers = typeof samples === "number" ? [samples] : samples;
  if (numbers.length !== batch)
    throw new ShapeError(`samples: expected ${batch}, one an image, got ${numbers.length}`);
  const drawn = options.drawn ?? drawViews(pipelines, key, numbers, shape);
  const pixels = hostTensor(floatPixels(images), [batch, ...shape]);
  const make = (x: tf.Tensor4D, d: Drawn<tf.Tensor>) => applyViews(pipelines, x, d);
  const compile = options.compiled ?? batch * shape[0] * shape[1] >= pixelsToCompile;
  const program = compile ? jit(make, { name: "augment" }) : undefined;
  const results = await (program ?? eager(make))(pixels, drawn).finally(() => program?.dispose());
  const views = await Promise.all(
    results.map(async (result) => {
      const view = await result.host();
      result.dispose();
      return single ? hostTensor(view.data, view.shape.slice(1)) : view;
    }),
  );
  return { views, drawn };
}

/** Pixels as float32 in 0 … 1. */
function floatPixels({ data, dtype }: HostTensor): Float32Array {
  return dtype === "float32" ? (data as Float32Array) : Float32Array.from(data, (value) => value / 255);
}

/** What one augmentation drew for one image, in plain values. */
export interface DrawnDescription {
  readonly augmentation: string;
  /** A number, or an array where the parameter has a shape of its own, as noise has. */
  readonly parameters: { readonly [name: string]: number | Float32Array | Int32Array };
}

/**
 * What was drawn for one image of a batch, by augmentation and parameter: for labels that follow the augmentation, for
 * logs and tests. FFCV-SSL's label twins draw a second time and do not match the image; these are the numbers in use.
 */
export function describeDrawn(
  pipeline: Pipeline,
  drawn: readonly DrawnParameters<HostTensor>[],
  row = 0,
): DrawnDescription[] {
  return pipeline.map(({ name }, i) => ({
    augmentation: name,
    parameters: Object.fromEntries(
      Object.entries(drawn[i] ?? {}).map(([parameter, { data, shape }]) => {
        const size = sizeOf(shape.slice(1));
        const values = data.subarray(row * size, (row + 1) * size) as Float32Array | Int32Array;
        return [parameter, shape.length === 1 ? values[0]! : values];
      }),
    ),
  }));
}
