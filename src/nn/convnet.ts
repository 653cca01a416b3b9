/**
 * A plain convolutional encoder: blocks of 3×3 convolution, batch norm and ReLU, every block but the first halving the
 * resolution, then the mean over all pixels. Small enough for a CPU, deep enough to learn.
 */
import { batchNorm } from "./batch-norm.js";
import { block, type Layer, type LayerFactory, sequential } from "./layer.js";
import { conv, globalAveragePool, relu } from "./layers.js";

export interface ConvNetOptions {
  /** Channels of each block. */
  readonly widths?: readonly number[];
  /** Stride of each block; by default 1, 2, 2, …. */
  readonly strides?: readonly number[];
}

/** @param inputShape [height, width, channels] of an image; the output is [widths.at(-1)] */
export function convnet(
  inputShape: readonly number[],
  { widths = [16, 32, 64, 128], strides }: ConvNetOptions = {},
): Layer {
  const blocks = widths.map((width, i): [string, LayerFactory] => [
    `block${i + 1}`,
    block((shape) =>
      sequential(shape, {
        conv: conv(width, { stride: strides?.[i] ?? (i === 0 ? 1 : 2) }),
        norm: batchNorm(),
        relu: relu(),
      }),
    ),
  ]);
  return sequential(inputShape, { ...Object.fromEntries(blocks), pool: globalAveragePool() });
}
