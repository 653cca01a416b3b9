/**
 * What the bench measures: steps of training and of inference, each described by plain data, so that the worker on our
 * side and the workers of the peers build the same thing from the same description.
 */
import { convnet } from "../src/nn/convnet.js";
import type { Layer } from "../src/nn/layer.js";
import { type ResNetStem, resnet } from "../src/nn/resnet.js";
import { vgg } from "../src/nn/vgg.js";
import { vit } from "../src/nn/vit.js";

export type EncoderSpec =
  | { readonly name: "convnet"; readonly widths: readonly number[]; readonly strides: readonly number[] }
  | {
      readonly name: "resnet";
      readonly blocks: readonly number[];
      readonly bottleneck: boolean;
      readonly width: number;
      readonly stem: ResNetStem;
    }
  | { readonly name: "vgg11"; readonly width: number }
  | {
      readonly name: "vit";
      readonly patch: number;
      readonly width: number;
      readonly depth: number;
      readonly heads: number;
    };

export interface Work {
  readonly name: string;
  readonly title: string;
  /** A whole step of SimCLR with its gradients and update, or features with batch norm in evaluation mode. */
  readonly task: "train" | "inference";
  /** [images of a step (all views), height, width, channels]; they come as bytes. */
  readonly images: readonly [number, number, number, number];
  readonly encoder: EncoderSpec;
  /** Widths of the projector, joined by `-`; not used in inference. */
  readonly projector: string;
}

const fiveBlocks: EncoderSpec = {
  name: "convnet",
  widths: [32, 64, 64, 128, 128],
  strides: [1, 2, 1, 2, 1],
};

const resnet18: EncoderSpec = {
  name: "resnet",
  blocks: [2, 2, 2, 2],
  bottleneck: false,
  width: 64,
  stem: "cifar",
};

const resnet50: EncoderSpec = {
  name: "resnet",
  blocks: [3, 4, 6, 3],
  bottleneck: true,
  width: 64,
  stem: "imagenet",
};

export const works: readonly Work[] = [
  {
    name: "convnet",
    title: "ConvNet, 128 × 2 of 32²",
    task: "train",
    images: [256, 32, 32, 3],
    encoder: fiveBlocks,
    projector: "256-64",
  },
  {
    name: "convnet-small",
    title: "ConvNet, 16 × 2 of 28² grey",
    task: "train",
    images: [32, 28, 28, 1],
    encoder: fiveBlocks,
    projector: "256-64",
  },
  {
    // For peers that would take minutes for a step of the larger ones.
    name: "convnet-2",
    title: "ConvNet, 2 × 2 of 32²",
    task: "train",
    images: [4, 32, 32, 3],
    encoder: fiveBlocks,
    projector: "256-64",
  },
  {
    name: "resnet18",
    title: "ResNet-18, 64 × 2 of 32²",
    task: "train",
    images: [128, 32, 32, 3],
    encoder: resnet18,
    projector: "512-128",
  },
  {
    name: "vgg11",
    title: "VGG-11, 64 × 2 of 32²",
    task: "train",
    images: [128, 32, 32, 3],
    encoder: { name: "vgg11", width: 64 },
    projector: "512-128",
  },
  {
    name: "resnet50",
    title: "ResNet-50, 16 × 2 of 160²",
    task: "train",
    images: [32, 160, 160, 3],
    encoder: resnet50,
    projector: "512-128",
  },
  {
    name: "vit-tiny",
    title: "ViT-Tiny/4, 64 × 2 of 32²",
    task: "train",
    images: [128, 32, 32, 3],
    encoder: { name: "vit", patch: 4, width: 192, depth: 12, heads: 3 },
    projector: "512-128",
  },
  {
    name: "resnet18-inference",
    title: "ResNet-18 inference, 256 of 32²",
    task: "inference",
    images: [256, 32, 32, 3],
    encoder: resnet18,
    projector: "",
  },
];

/** The network of a description. */
export function encoderOf(spec: EncoderSpec, shape: readonly number[]): Layer {
  switch (spec.name) {
    case "convnet":
      return convnet(shape, spec);
    case "resnet":
      return resnet(shape, spec);
    case "vgg11":
      return vgg("vgg11", shape, spec);
    case "vit":
      return vit(shape, spec);
  }
}
