/**
 * LARS (You et al. 2017, arXiv 1708.03888), as FFCV-SSL has it: the gradient with weight decay is scaled by
 * η·‖p‖ / ‖g‖ (1 where a norm is 0), then SGD with momentum. Tensors of one dimension neither decay nor are scaled.
 */
import { tf } from "../engine/tf.js";
import { type MomentumOptions, withVelocity } from "./momentum.js";
import { isOneDimensional, type Optimiser, withDecay } from "./optimiser.js";

/** Options of `lars`. */
export interface LarsOptions extends MomentumOptions {
  /** η; 0.001 by default. */
  readonly trust?: number;
}

/** SGD with momentum, scaled by LARS for each tensor. */
export function lars(options: LarsOptions = {}): Optimiser {
  const { trust = 0.001, momentum = 0.9, weightDecay = 0, excluded: chosen } = options;
  return withVelocity((p, grad, velocity, path, lr) => {
    const excluded = isOneDimensional(p) || chosen?.(path) === true;
    const g = withDecay(p, grad, weightDecay, excluded);
    const scaled = excluded ? g : tf.mul(g, trustRatio(p, g, trust));
    const moved = tf.add(tf.mul(velocity, momentum), scaled);
    return [tf.sub(p, tf.mul(moved, lr)), moved];
  });
}

function trustRatio(param: tf.Tensor, grad: tf.Tensor, trust: number): tf.Tensor {
  const paramNorm = tf.sqrt(tf.sum(tf.square(param)));
  const gradNorm = tf.sqrt(tf.sum(tf.square(grad)));
  const both = tf.logicalAnd(tf.greater(paramNorm, 0), tf.greater(gradNorm, 0));
  const safe = tf.where(both, gradNorm, tf.onesLike(gradNorm));
  return tf.where(both, tf.div(tf.mul(paramNorm, trust), safe), tf.onesLike(gradNorm));
}
