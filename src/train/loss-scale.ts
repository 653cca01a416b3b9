/**
 * Loss scaling, for mixed precision (Micikevicius et al. 2018, arXiv 1710.03740, section 3.2). Small gradients vanish in
 * float16, so the loss is multiplied by a power of two before it is differentiated and the gradients are divided by it.
 * A step whose gradients are not all finite changes nothing but the scale, which is halved; after so many good steps in a
 * row it is doubled. The scale and the count are part of the state, and so of checkpoints.
 */
import { type HostTensor, hostScalar } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { flatten, mapTree, type Tree, zipTrees } from "../engine/tree.js";
import { TrainingError } from "../support/errors.js";

export interface LossScaleOptions {
  /** The scale of the first step. */
  readonly start: number;
  /** How many good steps in a row double it. */
  readonly growEvery: number;
}

/** The factor of the loss, and how long it has held. */
export type LossScale<T> = {
  readonly scale: T;
  /** Good steps since the scale last changed. */
  readonly good: T;
};

/** The state before the first step. */
export function initLossScale({ start }: Pick<LossScaleOptions, "start">): LossScale<HostTensor> {
  return { scale: hostScalar(start), good: hostScalar(0) };
}

// Shading languages let compilers take it that there is nothing infinite: ask for less than what float32 can hold.
const largestSum = 1e30;

/** Gradients of the loss from those of the scaled loss, zeros where any of them is not finite, and whether all are. */
export function unscale(
  grads: Tree<tf.Tensor>,
  scale: tf.Tensor,
): { readonly grads: Tree<tf.Tensor>; readonly finite: tf.Tensor } {
  const leaves = flatten<tf.Tensor>(grads).leaves;
  const finite = tf.lessEqual(tf.addN(leaves.map((grad) => tf.sum(tf.abs(grad)))), largestSum);
  const inverse = tf.div(1, scale);
  const divided = mapTree<tf.Tensor, tf.Tensor>(grads, (grad) =>
    tf.where(finite, tf.mul(grad, inverse), tf.zerosLike(grad)),
  );
  return { grads: divided, finite };
}

/** The scale after a step. */
export function nextLossScale(
  { scale, good }: LossScale<tf.Tensor>,
  finite: tf.Tensor,
  { growEvery }: Pick<LossScaleOptions, "growEvery">,
): LossScale<tf.Tensor> {
  const count = tf.add(good, 1);
  const grows = tf.greaterEqual(count, growEvery);
  // Doubling ends where float32 does.
  const doubled = tf.minimum(tf.mul(scale, 2), 2 ** 126);
  return {
    scale: tf.where(finite, tf.where(grows, doubled, scale), tf.mul(scale, 0.5)),
    good: tf.where(tf.logicalAnd(finite, tf.logicalNot(grows)), count, tf.zerosLike(count)),
  };
}

/** `after` where the step counts, else `before`, leaf by leaf; both are trees of one structure. */
export function keepUnless<T extends object>(finite: tf.Tensor, before: T, after: T): T {
  const trees = [before, after] as unknown as Tree<tf.Tensor>[];
  const kept = zipTrees<tf.Tensor, tf.Tensor>(trees, ([old, now]) => tf.where(finite, now!, old!));
  return kept as unknown as T;
}

// Gradients that overflow at a scale this small are not float16's fault.
const leastScale = 2 ** -14;

/** @throws TrainingError where steps overflow whatever the scale */
export function checkLossScale({ lossScale }: Readonly<Record<string, number>>): void {
  if (lossScale !== undefined && lossScale < leastScale)
    throw new TrainingError(
      `loss scale: expected ${leastScale} or more, got ${lossScale}: the gradients are not finite at any scale. ` +
        "A lower learning rate or precision=float32 may help.",
    );
}
