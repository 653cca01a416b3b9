/**
 * AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), as PyTorch has it: p ← p·(1 − lr·λ), then
 * p ← p − lr·m̂ / (√v̂ + ε) with bias-corrected moments.
 */
import { type HostTensor, hostScalar } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import type { Tree } from "../engine/tree.js";
import { type Excluded, isOneDimensional, type Optimiser, updateEach, zerosLike } from "./optimiser.js";

export interface AdamwOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Whether tensors of one dimension decay too; true by default, as in PyTorch. */
  readonly decayOneDimensional?: boolean;
  readonly excluded?: Excluded;
}

type State<T> = { readonly step: T; readonly mean: Tree<T>; readonly square: Tree<T> };

export function adamw(options: AdamwOptions = {}): Optimiser {
  const {
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0.01,
    decayOneDimensional = true,
    excluded,
  } = options;
  return {
    init: (params): State<HostTensor> => ({
      step: hostScalar(0),
      mean: zerosLike(params),
      square: zerosLike(params),
    }),
    update(params, grads, state, lr) {
      const { step, mean, square } = state as unknown as State<tf.Tensor>;
      const now = tf.add(step, 1);
      const correction1 = tf.sub(1, tf.pow(beta1, now));
      const correction2 = tf.sqrt(tf.sub(1, tf.pow(beta2, now)));
      const rate = tf.div(lr, correction1);
      const next = updateEach(params, grads, [mean, square], (p, g, [m, s], path) => {
        const counts = (decayOneDimensional || !isOneDimensional(p)) && !excluded?.(path);
        const decays = weightDecay !== 0 && counts;
        const decayed = decays ? tf.mul(p, tf.sub(1, tf.mul(lr, weightDecay))) : p;
        const m1 = tf.add(tf.mul(m!, beta1), tf.mul(g, 1 - beta1));
        const s1 = tf.add(tf.mul(s!, beta2), tf.mul(tf.square(g), 1 - beta2));
        const size = tf.add(tf.div(tf.sqrt(s1), correction2), epsilon);
        return [tf.sub(decayed, tf.mul(rate, tf.div(m1, size))), m1, s1];
      });
      return { params: next.params, state: { step: now, mean: next.slots[0], square: next.slots[1] } };
    },
  };
}
