/**
 * LARS (You et al. 2017, arXiv 1708.03888), as FFCV-SSL has it: the gradient with weight decay is scaled by
 * η·‖p‖ / ‖g‖ (1 where a norm is 0), then SGD with momentum. Tensors of one dimension neither decay nor are scaled.
 */
import { tf } from "../engine/tf.js";
import type { Tree } from "../engine/tree.js";
import {
  type Excluded,
  isOneDimensional,
  type Optimiser,
  updateEach,
  withDecay,
  zerosLike,
} from "./optimiser.js";

/** Options of `lars`. */
export interface LarsOptions {
  /** η */
  readonly trust?: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  /** Those that neither decay nor are scaled, beside the tensors of one dimension. */
  readonly excluded?: Excluded;
}

/** SGD with momentum, scaled by LARS for each tensor. */
export function lars(options: LarsOptions = {}): Optimiser {
  const { trust = 0.001, momentum = 0.9, weightDecay = 0, excluded: chosen } = options;
  return {
    init: (params) => ({ momentum: zerosLike(params) }),
    update(params, grads, state, lr) {
      const { momentum: velocity } = state as { momentum: Tree<tf.Tensor> };
      const next = updateEach(params, grads, [velocity], (p, grad, [v], path) => {
        const excluded = isOneDimensional(p) || chosen?.(path) === true;
        const g = withDecay(p, grad, weightDecay, excluded);
        const moved = tf.add(tf.mul(v!, momentum), excluded ? g : tf.mul(g, trustRatio(p, g, trust)));
        return [tf.sub(p, tf.mul(moved, lr)), moved];
      });
      return { params: next.params, state: { momentum: next.slots[0] } };
    },
  };
}

function trustRatio(param: tf.Tensor, grad: tf.Tensor, trust: number): tf.Tensor {
  const paramNorm = tf.sqrt(tf.sum(tf.square(param)));
  const gradNorm = tf.sqrt(tf.sum(tf.square(grad)));
  const both = tf.logicalAnd(tf.greater(paramNorm, 0), tf.greater(gradNorm, 0));
  const safe = tf.where(both, gradNorm, tf.onesLike(gradNorm));
  return tf.where(both, tf.div(tf.mul(paramNorm, trust), safe), tf.onesLike(gradNorm));
}
