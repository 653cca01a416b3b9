/** What SGD and LARS share: a velocity for each parameter, and the options that go with it. */
import type { tf } from "../engine/tf.js";
import type { Tree } from "../engine/tree.js";
import { type Excluded, type Optimiser, updateEach, zerosLike } from "./optimiser.js";

/** Options of optimisers with momentum. */
export interface MomentumOptions {
  /** μ; 0.9 by default. */
  readonly momentum?: number;
  /** 0 by default. */
  readonly weightDecay?: number;
  /** Parameters that do not decay, by their path; LARS does not scale them either. */
  readonly excluded?: Excluded;
}

/** An optimiser whose rule gives a parameter and its velocity anew. */
export function withVelocity(
  rule: (
    param: tf.Tensor,
    grad: tf.Tensor,
    velocity: tf.Tensor,
    path: string,
    lr: tf.Tensor,
  ) => [param: tf.Tensor, velocity: tf.Tensor],
): Optimiser {
  return {
    init: (params) => ({ momentum: zerosLike(params) }),
    update(params, grads, state, lr) {
      const { momentum } = state as { momentum: Tree<tf.Tensor> };
      const next = updateEach(params, grads, [momentum], (p, grad, [velocity], path) =>
        rule(p, grad, velocity!, path, lr),
      );
      return { params: next.params, state: { momentum: next.slots[0] } };
    },
  };
}
