/** SGD with momentum, as PyTorch has it: v ← μ·v + g, p ← p − lr·v (Nesterov: p ← p − lr·(g + μ·v)). */
import { tf } from "../engine/tf.js";
import { type MomentumOptions, withVelocity } from "./momentum.js";
import { isOneDimensional, type Optimiser, withDecay } from "./optimiser.js";

/** Options of `sgd`. */
export interface SgdOptions extends MomentumOptions {
  /** False by default. */
  readonly nesterov?: boolean;
  /** Whether tensors of one dimension decay too; true by default, as in PyTorch. */
  readonly decayOneDimensional?: boolean;
}

/** SGD with momentum. */
export function sgd(options: SgdOptions = {}): Optimiser {
  const { momentum = 0.9, weightDecay = 0, nesterov = false, decayOneDimensional = true, excluded } = options;
  return withVelocity((p, grad, velocity, path, lr) => {
    const stays = (!decayOneDimensional && isOneDimensional(p)) || excluded?.(path) === true;
    const g = withDecay(p, grad, weightDecay, stays);
    const moved = tf.add(tf.mul(velocity, momentum), g);
    const direction = nesterov ? tf.add(g, tf.mul(moved, momentum)) : moved;
    return [tf.sub(p, tf.mul(direction, lr)), moved];
  });
}
