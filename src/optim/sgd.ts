/** SGD with momentum, as PyTorch has it: v ← μ·v + g, p ← p − lr·v (Nesterov: p ← p − lr·(g + μ·v)). */
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

/** Options of `sgd`. */
export interface SgdOptions {
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly nesterov?: boolean;
  /** Whether tensors of one dimension decay too; true by default, as in PyTorch. */
  readonly decayOneDimensional?: boolean;
  readonly excluded?: Excluded;
}

/** SGD with momentum. */
export function sgd(options: SgdOptions = {}): Optimiser {
  const { momentum = 0.9, weightDecay = 0, nesterov = false, decayOneDimensional = true, excluded } = options;
  return {
    init: (params) => ({ momentum: zerosLike(params) }),
    update(params, grads, state, lr) {
      const { momentum: velocity } = state as { momentum: Tree<tf.Tensor> };
      const next = updateEach(params, grads, [velocity], (p, grad, [v], path) => {
        const stays = (!decayOneDimensional && isOneDimensional(p)) || excluded?.(path) === true;
        const g = withDecay(p, grad, weightDecay, stays);
        const moved = tf.add(tf.mul(v!, momentum), g);
        const direction = nesterov ? tf.add(g, tf.mul(moved, momentum)) : moved;
        return [tf.sub(p, tf.mul(direction, lr)), moved];
      });
      return { params: next.params, state: { momentum: next.slots[0] } };
    },
  };
}
