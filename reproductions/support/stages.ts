/**
 * Stages: a data set, an encoder and a training length on which claims are shown. They were chosen by search on held-out
 * training images (the tables are in the READMEs of noise-only and single-patch): deep, narrow encoders do badly without
 * training and learn in minutes, so that there is something to see.
 */

import type { Row } from "./protocol.js";

/** The part of a training configuration that a stage fixes. */
export type Stage = object;

export interface StageOptions {
  readonly epochs: number;
  /** Training images; all of them when left out. */
  readonly train?: number;
  /** A ConvNet of five blocks unless told otherwise. */
  readonly encoder?: object;
  /** Widths of the projector; an empty text for none. */
  readonly projector?: string;
  readonly lr?: number;
}

/** Five blocks of 3×3 convolutions, each but the first halving the resolution. */
const fiveBlocks: object = { name: "convnet", widths: [8, 16, 32, 64, 64] };

/** VGG-11 of an eighth of the usual width. */
export const narrowVgg: object = { name: "vgg11", width: 8 };

const common = ({ epochs, encoder = fiveBlocks, projector = "128-64", lr = 4e-3 }: StageOptions) => ({
  encoder,
  projector,
  batch: 64,
  epochs,
  optimiser: { name: "adamw", lr },
});

/** The embedded images of Fashion-MNIST. */
export function fashion(options: StageOptions): Stage {
  const { train } = options;
  return { ...common(options), data: { name: "fashion-mnist", ...(train !== undefined && { train }) } };
}

/** Synthetic scenes whose factors are known: shape (the main task), colour, count, background, position, scale. */
export function scenes(options: StageOptions): Stage {
  const { train } = options;
  return { ...common(options), data: { name: "scenes", ...(train !== undefined && { count: train }) } };
}

/** CIFAR-10. */
export function cifar10(options: StageOptions): Stage {
  const { train } = options;
  return { ...common(options), data: { name: "cifar10", ...(train !== undefined && { train }) } };
}

/** Whether rows were measured on CIFAR-10, or a copy of it. */
export function isOnCifar({ dataset }: Row): boolean {
  return /^cifar/i.test(String(dataset));
}

/** Whether rows were measured on synthetic scenes. */
export function isOnScenes({ dataset }: Row): boolean {
  return String(dataset).startsWith("scenes");
}

/** A scale in words, with the name of the copy where the rows were made with one of CIFAR-10. */
export function sayingCopy(text: string, rows: readonly Row[]): string {
  const copy = rows.map(({ dataset }) => String(dataset)).find((name) => name.startsWith("CIFAR-10 ("));
  return copy === undefined ? text : text.replaceAll(/CIFAR-10(?! \()/g, copy);
}
