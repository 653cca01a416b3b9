/**
 * Residual networks (He et al. 2015, arXiv 1512.03385) as torchvision builds them: stages of residual blocks, each but
 * the first halving the resolution and doubling the channels, then the mean over all pixels. Layers have torchvision's
 * names, so that its weights can be loaded. ResNet-8 is the same for small images: three stages of one block.
 */
import { tf } from "../engine/tf.js";
import { fold } from "../random/index.js";
import { ConfigError } from "../support/errors.js";
import { batchNorm } from "./batch-norm.js";
import { block, type Layer, type LayerFactory, named, sequential } from "./layer.js";
import { conv, globalAveragePool, maxPool, relu } from "./layers.js";

/**
 * The first layers. `imagenet`: a 7×7 convolution of stride 2, then a 3×3 maximum pool of stride 2; `cifar`: a 3×3
 * convolution of stride 1, for images of 32 pixels or so.
 */
export type ResNetStem = "imagenet" | "cifar";

/** The form of a residual network. */
export interface ResNetOptions {
  /** Blocks in each stage. */
  readonly blocks: readonly number[];
  /** Blocks of 1×1, 3×3, 1×1 convolutions with four times the channels at their end, instead of two 3×3 ones. */
  readonly bottleneck?: boolean;
  /** Channels of the first stage; 64 by default. */
  readonly width?: number;
  /** `cifar` by default. */
  readonly stem?: ResNetStem;
}

/** The depths that have a name. */
const depths = {
  resnet8: { blocks: [1, 1, 1], bottleneck: false, width: 16 },
  resnet18: { blocks: [2, 2, 2, 2], bottleneck: false, width: 64 },
  resnet34: { blocks: [3, 4, 6, 3], bottleneck: false, width: 64 },
  resnet50: { blocks: [3, 4, 6, 3], bottleneck: true, width: 64 },
} as const;

/** A residual network of usual depth. */
export type ResNetName = keyof typeof depths;

export const resnetNames = Object.keys(depths) as ResNetName[];

/** A residual network by its usual name. `width`, the channels of the first stage, is 64 by default, 16 for ResNet-8. */
export function namedResnet(
  name: ResNetName,
  inputShape: readonly number[],
  options: { readonly width?: number | undefined; readonly stem?: ResNetStem } = {},
): Layer {
  const depth = depths[name];
  return resnet(inputShape, { ...depth, ...options, width: options.width ?? depth.width });
}

/**
 * A residual network of any depth.
 * @param inputShape [height, width, channels] of an image; the output is [width · 2^(stages − 1)], × 4 with bottlenecks
 */
export function resnet(
  inputShape: readonly number[],
  { blocks, bottleneck = false, width = 64, stem = "cifar" }: ResNetOptions,
): Layer {
  if (blocks.length === 0 || blocks.some((count) => count < 1))
    throw new ConfigError(`resnet: expected one block or more in each stage, got ${blocks.join(", ")}`);
  const stages = blocks.map((count, i): [string, LayerFactory] => [
    `layer${i + 1}`,
    stage(width * 2 ** i, count, i === 0 ? 1 : 2, bottleneck),
  ]);
  return sequential(inputShape, {
    conv1: stem === "imagenet" ? conv(width, { kernel: 7, stride: 2 }) : conv(width),
    bn1: batchNorm(),
    relu: relu(),
    ...(stem === "imagenet" ? { maxpool: maxPool({ size: 3, stride: 2, pad: 1 }) } : {}),
    ...Object.fromEntries(stages),
    avgpool: globalAveragePool(),
  });
}

function stage(channels: number, count: number, stride: number, bottleneck: boolean): LayerFactory {
  const one = (s: number): LayerFactory =>
    block(bottleneck ? bottleneckBlock(channels, s) : basicBlock(channels, s));
  return (shape) =>
    sequential(
      shape,
      Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i), one(i === 0 ? stride : 1)])),
    );
}

function basicBlock(channels: number, stride: number): LayerFactory {
  return residual(channels, stride, {
    conv1: conv(channels, { stride }),
    bn1: batchNorm(),
    relu: relu(),
    conv2: conv(channels),
    bn2: batchNorm(),
  });
}

/** The stride is in the 3×3 convolution, as in torchvision ("ResNet V1.5"). */
function bottleneckBlock(channels: number, stride: number): LayerFactory {
  return residual(4 * channels, stride, {
    conv1: conv(channels, { kernel: 1 }),
    bn1: batchNorm(),
    relu1: relu(),
    conv2: conv(channels, { stride }),
    bn2: batchNorm(),
    relu2: relu(),
    conv3: conv(4 * channels, { kernel: 1 }),
    bn3: batchNorm(),
  });
}

type Parts<T> = { readonly [name: string]: T };

/** relu(body(x) + x); x goes through a 1×1 convolution and batch norm where the body changes its shape. */
function residual(channels: number, stride: number, body: Parts<LayerFactory>): LayerFactory {
  return (inputShape) => {
    const main = sequential(inputShape, body);
    const changes = stride !== 1 || inputShape.at(-1) !== channels;
    const shortcut = changes
      ? sequential(inputShape, { "0": conv(channels, { kernel: 1, stride }), "1": batchNorm() })
      : undefined;
    return {
      outputShape: main.outputShape,
      init(key) {
        const inside = main.init(fold(key, 0));
        const beside = shortcut?.init(fold(key, 1));
        const join = (kind: "params" | "state") =>
          named([...Object.entries(inside[kind] as Parts<never>), ["downsample", beside?.[kind]]]);
        return { params: join("params"), state: join("state") };
      },
      apply({ params, state }, x, training) {
        const inside = main.apply({ params, state }, x, training);
        const beside = shortcut?.apply(
          { params: (params as Parts<never>).downsample, state: (state as Parts<never>).downsample },
          x,
          training,
        );
        return {
          output: tf.relu(tf.add(inside.output, beside?.output ?? x)),
          state: named([...Object.entries(inside.state as Parts<never>), ["downsample", beside?.state]]),
        };
      },
    };
  };
}
