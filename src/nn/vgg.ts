/**
 * VGG (Simonyan and Zisserman 2014, arXiv 1409.1556) as torchvision builds it: five stages of 3×3 convolutions, each
 * followed by a maximum pool that halves the resolution, then the mean over all pixels in place of the classifier. The
 * number counts the layers of the original, its three linear ones included. A pool is left out where nothing would be
 * left of the image.
 */
import { batchNorm } from "./batch-norm.js";
import { block, type Layer, type LayerFactory, sequential } from "./layer.js";
import { conv, globalAveragePool, maxPool, relu } from "./layers.js";

/** Convolutions in each stage, and channels as multiples of the first stage's. */
const stages = { vgg11: [1, 1, 2, 2, 2], vgg16: [2, 2, 3, 3, 3] } as const;
const growth = [1, 2, 4, 8, 8] as const;

/** A VGG network of usual depth. */
export type VggName = keyof typeof stages;

/** Options of `vgg`. */
export interface VggOptions {
  /** Channels of the first stage; 64 by default. */
  readonly width?: number;
  /** Whether batch norm follows every convolution (default), as in torchvision's `vgg11_bn`. */
  readonly norm?: boolean;
}

/** A VGG network, its convolutions only. @param inputShape [height, width, channels] of an image; the output is [8 · width] */
export function vgg(
  name: VggName,
  inputShape: readonly number[],
  { width = 64, norm = true }: VggOptions = {},
): Layer {
  let side = Math.min(inputShape[0]!, inputShape[1]!);
  const parts = stages[name].map((count, i): [string, LayerFactory] => {
    const pool = side >= 2;
    if (pool) side = Math.floor(side / 2);
    const layers = stage(width * growth[i]!, count, norm, pool);
    return [`stage${i + 1}`, block((shape) => sequential(shape, layers))];
  });
  return sequential(inputShape, { ...Object.fromEntries(parts), avgpool: globalAveragePool() });
}

function stage(channels: number, count: number, norm: boolean, pool: boolean): Record<string, LayerFactory> {
  const blocks = Array.from({ length: count }, (_, i): [string, LayerFactory][] => [
    [`conv${i + 1}`, conv(channels, { bias: true })],
    ...(norm ? [[`norm${i + 1}`, batchNorm()] as [string, LayerFactory]] : []),
    [`relu${i + 1}`, relu()],
  ]);
  return { ...Object.fromEntries(blocks.flat()), ...(pool ? { pool: maxPool({ size: 2, stride: 2 }) } : {}) };
}
