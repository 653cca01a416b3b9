/**
 * Batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167) with its own gradient: by its formula the gradient
 * needs two sums a channel and one pass, where the composed one makes many passes over the activations. The variance
 * is centred, for E[x²] − mean² cancels. Running statistics follow PyTorch: momentum 0.1, unbiased variance.
 */
import { tf } from "../engine/tf.js";
import { filled } from "./init.js";
import type { LayerFactory } from "./layer.js";

const epsilon = 1e-5;
/** The share of a batch in the new running statistics. */
export const momentum = 0.1;

/** x·scale + shift of each channel (the last axis), normalised by the batch. Also gives the batch's statistics. */
export function normaliseBatch(
  x: tf.Tensor,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
): { output: tf.Tensor; mean: tf.Tensor; variance: tf.Tensor } {
  const axes = x.shape.map((_, i) => i).slice(0, -1);
  const count = x.size / x.shape.at(-1)!;
  const mean = tf.mean(x, axes);
  const variance = tf.mean(tf.square(tf.sub(x, mean)), axes);
  const output = tf.customGrad((...args: unknown[]) => {
    const [input, gamma, beta, save] = args as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      (saved: tf.Tensor[]) => void,
    ];
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    save([input, gamma, inverse, mean]);
    const slope = tf.mul(inverse, gamma);
    const value = tf.add(tf.mul(tf.sub(input, mean), slope), beta);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [xs, g, inv, m] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const centred = tf.sub(xs, m);
      const sumDy = tf.sum(dy, axes);
      // Σ dy·x̂ a channel, which is also the gradient of the scale.
      const sumDyX = tf.mul(tf.sum(tf.mul(dy, centred), axes), inv);
      // dx = γ·inv·(dy − mean(dy) − x̂·mean(dy·x̂))
      const a = tf.mul(g, inv);
      const b = tf.mul(tf.mul(a, inv), tf.div(sumDyX, -count));
      const c = tf.mul(a, tf.div(sumDy, -count));
      const dx = tf.add(tf.add(tf.mul(dy, a), tf.mul(centred, b)), c);
      return [dx, sumDyX, sumDy];
    };
    return { value, gradFunc };
  })(x, scale, shift);
  return { output, mean, variance };
}

type Params = { readonly scale: tf.Tensor1D; readonly shift: tf.Tensor1D };
type State = { readonly mean: tf.Tensor; readonly variance: tf.Tensor };

/** Batch normalisation over all axes but the last. */
export function batchNorm({ affine = true }: { affine?: boolean } = {}): LayerFactory {
  return (inputShape) => {
    const channels = inputShape.at(-1)!;
    return {
      outputShape: inputShape,
      init: () => ({
        params: affine ? { scale: filled([channels], 1), shift: filled([channels], 0) } : null,
        state: { mean: filled([channels], 0), variance: filled([channels], 1) },
      }),
      apply({ params, state }, x, training) {
        const running = state as State;
        const { scale, shift } = (params as Params | null) ?? {
          scale: tf.ones([channels]) as tf.Tensor1D,
          shift: tf.zeros([channels]) as tf.Tensor1D,
        };
        if (!training) {
          const slope = tf.mul(scale, tf.rsqrt(tf.add(running.variance, epsilon)));
          const output = tf.add(tf.mul(x, slope), tf.sub(shift, tf.mul(running.mean, slope)));
          return { output, state: running };
        }
        const { output, mean, variance } = normaliseBatch(x, scale, shift);
        const count = x.size / channels;
        const unbiased = tf.mul(variance, count / Math.max(1, count - 1));
        const blend = (old: tf.Tensor, now: tf.Tensor): tf.Tensor =>
          tf.add(tf.mul(old, 1 - momentum), tf.mul(now, momentum));
        return {
          output,
          state: { mean: blend(running.mean, mean), variance: blend(running.variance, unbiased) },
        };
      },
    };
  };
}
