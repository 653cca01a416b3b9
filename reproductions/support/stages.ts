/**
 * Stages: a data set, an encoder and a training length on which claims are shown. The encoder is deep and narrow, since
 * a shallow wide one does well without training and leaves little to see.
 */

/** The part of a training configuration that a stage fixes. */
export type Stage = object;

export interface StageOptions {
  readonly epochs: number;
  /** Training images; all of them when left out. */
  readonly train?: number;
}

const common = {
  encoder: { name: "resnet8", width: 16 },
  projector: "128-64",
  batch: 64,
  optimiser: { name: "adamw", lr: 1e-3 },
};

/** Synthetic scenes whose factors are known: shape (the main task), colour, count, background. */
export function scenes({ epochs, train }: StageOptions): Stage {
  return { ...common, epochs, data: { name: "scenes", ...(train !== undefined && { count: train }) } };
}

/** CIFAR-10; 10,000 training images unless told otherwise. */
export function cifar10({ epochs, train = 10_000 }: StageOptions): Stage {
  return { ...common, epochs, data: { name: "cifar10", train } };
}
