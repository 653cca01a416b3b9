/**
 * What the bench measures: steps of training and of inference, each described by plain data, so that the worker on our
 * side and the workers of the peers build the same thing from the same description.
 */
import { convnet } from "../src/nn/convnet.js";
import type { Layer } from "../src/nn/layer.js";

export type EncoderSpec = {
  readonly name: "convnet";
  readonly widths: readonly number[];
  readonly strides: readonly number[];
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
];

/** The network of a description. */
export function encoderOf(spec: EncoderSpec, shape: readonly number[]): Layer {
  return convnet(shape, spec);
}
