/** Gradient clipping by the norm of all gradients together, as PyTorch's `clip_grad_norm_`. */
import { tf } from "../engine/tf.js";
import { flatten, mapTree, type Tree } from "../engine/tree.js";

/** Gradients of limited norm. */
export interface Clipped<Grads> {
  readonly grads: Grads;
  /** The norm before, a scalar. */
  readonly norm: tf.Tensor;
}

/** The gradients scaled by min(1, limit / (norm + 1e-6)). */
export function clipByGlobalNorm<Grads extends Tree<tf.Tensor>>(grads: Grads, limit: number): Clipped<Grads> {
  const squares = flatten<tf.Tensor>(grads).leaves.map((grad) => tf.sum(tf.square(grad)));
  const norm = tf.sqrt(tf.addN(squares));
  const factor = tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
  const scaled = mapTree<tf.Tensor, tf.Tensor>(grads, (grad) => tf.mul(grad, factor)) as Grads;
  return { grads: scaled, norm };
}
