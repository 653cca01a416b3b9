/**
 * The parts of a transformer that other networks lack: layer norm, GELU, self-attention and the block that they make.
 * Attention is batched matrix products and a softmax, nothing else, so that every device runs it. Layers have
 * torchvision's names and initial weights.
 */
import { tf } from "../engine/tf.js";
import { fold, type Key } from "../random/index.js";
import { ConfigError } from "../support/errors.js";
import { fanInUniform, filled, normalValues, xavierUniform } from "./init.js";
import type { Applied, LayerFactory, Variables } from "./layer.js";

type Parts = { readonly [name: string]: never };

/** Normalisation of each token over its features (Ba et al. 2016, arXiv 1607.06450); ε 1e-6 as in torchvision's ViT. */
export function layerNorm({ epsilon = 1e-6 }: { epsilon?: number } = {}): LayerFactory {
  return (inputShape) => {
    const features = inputShape.at(-1)!;
    return {
      outputShape: inputShape,
      init: () => ({
        params: { scale: filled([features], 1), shift: filled([features], 0) },
        state: null,
      }),
      apply({ params }, x) {
        const { scale, shift } = params as unknown as { scale: tf.Tensor; shift: tf.Tensor };
        return { output: tf.add(tf.mul(normaliseFeatures(x, epsilon), scale), shift), state: null };
      },
    };
  };
}

/**
 * (x − mean) / deviation over the last axis. The gradient is that of the formula: with y the result and dy its gradient,
 * dx = (dy − mean(dy) − y · mean(dy · y)) / deviation, which keeps one tensor where the composed one keeps five.
 */
export function normaliseFeatures(x: tf.Tensor, epsilon: number): tf.Tensor {
  const mean = (values: tf.Tensor): tf.Tensor => tf.mean(values, -1, true);
  return tf.customGrad((...args: unknown[]) => {
    const [input, save] = args as [tf.Tensor, (saved: tf.Tensor[]) => void];
    const centred = tf.sub(input, mean(input));
    const inverse = tf.rsqrt(tf.add(mean(tf.square(centred)), epsilon));
    const value = tf.mul(centred, inverse);
    save([value, inverse]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const [y, inv] = saved as [tf.Tensor, tf.Tensor];
      const along = tf.mul(y, mean(tf.mul(dy, y)));
      return tf.mul(tf.sub(tf.sub(dy, mean(dy)), along), inv);
    };
    return { value, gradFunc };
  })(x);
}

/**
 * x · Φ(x), exact (Hendrycks and Gimpel 2016, arXiv 1606.08415), written as ONNX Runtime recognises it and does it in one
 * pass. The gradient Φ(x) + x · φ(x) is computed from x alone: as a function of −x / √2 it has no part in common with the
 * forward pass, of which nothing is kept therefore.
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((...args: unknown[]) => {
    const [input, save] = args as [tf.Tensor, (saved: tf.Tensor[]) => void];
    save([input]);
    const value = tf.mul(tf.mul(input, 0.5), tf.add(tf.erf(tf.div(input, Math.SQRT2)), 1));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const v = tf.mul(saved[0]!, -Math.SQRT1_2);
      const distribution = tf.add(tf.mul(tf.erf(v), -0.5), 0.5);
      // v · exp(−v² − ln √π) = −x · φ(x)
      const density = tf.mul(v, tf.exp(tf.sub(-0.5 * Math.log(Math.PI), tf.square(v))));
      return tf.mul(tf.sub(distribution, density), dy);
    };
    return { value, gradFunc };
  })(x);
}

/** x · W + b of every token; the batch and its tokens are the rows of one product. */
function project(x: tf.Tensor, { kernel, bias }: { kernel: tf.Tensor2D; bias: tf.Tensor }): tf.Tensor {
  const [batch, tokens, features] = x.shape as [number, number, number];
  const rows = tf.matMul(tf.reshape(x, [batch * tokens, features]), kernel);
  return tf.reshape(tf.add(rows, bias), [batch, tokens, kernel.shape[1]]);
}

/** Self-attention with several heads (Vaswani et al. 2017, arXiv 1706.03762): [tokens, features] → the same. */
export function selfAttention(heads: number): LayerFactory {
  return (inputShape) => {
    const [, features] = inputShape as [number, number];
    if (features % heads !== 0)
      throw new ConfigError(`heads: expected a divisor of the width ${features}, got ${heads}`);
    const size = features / heads;
    return {
      outputShape: inputShape,
      init: (key) => ({
        params: {
          in_proj: {
            kernel: xavierUniform(fold(key, 0), features, 3 * features),
            bias: filled([3 * features], 0),
          },
          out_proj: {
            kernel: fanInUniform(fold(key, 1), [features, features], features),
            bias: filled([features], 0),
          },
        },
        state: null,
      }),
      apply({ params }, x) {
        const { in_proj, out_proj } = params as unknown as Record<"in_proj" | "out_proj", Projection>;
        const [batch, tokens] = x.shape as [number, number, number];
        const split = tf.split(project(x, in_proj), 3, 2);
        // [batch, heads, tokens, size]
        const [q, k, v] = split.map((part) =>
          tf.transpose(tf.reshape(part, [batch, tokens, heads, size]), [0, 2, 1, 3]),
        ) as [tf.Tensor, tf.Tensor, tf.Tensor];
        const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(size)));
        const mixed = tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]);
        return { output: project(tf.reshape(mixed, [batch, tokens, features]), out_proj), state: null };
      },
    };
  };
}

type Projection = { kernel: tf.Tensor2D; bias: tf.Tensor };

/** Linear, GELU, linear, of every token. */
function tokenMlp(hidden: number): LayerFactory {
  return (inputShape) => {
    const features = inputShape.at(-1)!;
    const projection = (key: Key, from: number, to: number) => ({
      kernel: xavierUniform(fold(key, 0), from, to),
      bias: normalValues(fold(key, 1), [to], 1e-6),
    });
    return {
      outputShape: inputShape,
      init: (key) => ({
        params: {
          "0": projection(fold(key, 0), features, hidden),
          "3": projection(fold(key, 1), hidden, features),
        },
        state: null,
      }),
      apply({ params }, x) {
        const parts = params as unknown as Record<"0" | "3", Projection>;
        return { output: project(gelu(project(x, parts["0"])), parts["3"]), state: null };
      },
    };
  };
}

/** x + attention(norm(x)), then the same with an MLP: the block of ViT (Dosovitskiy et al. 2020, arXiv 2010.11929). */
export function transformerBlock(heads: number, hidden: number): LayerFactory {
  return (inputShape) => {
    const layers = {
      ln_1: layerNorm()(inputShape),
      self_attention: selfAttention(heads)(inputShape),
      ln_2: layerNorm()(inputShape),
      mlp: tokenMlp(hidden)(inputShape),
    };
    type Name = keyof typeof layers;
    return {
      outputShape: inputShape,
      init: (key) => ({
        params: Object.fromEntries(
          (Object.keys(layers) as Name[]).map((name, i) => [name, layers[name].init(fold(key, i)).params]),
        ),
        state: null,
      }),
      apply({ params }: Variables<tf.Tensor>, x, training): Applied {
        const run = (name: Name, input: tf.Tensor): tf.Tensor =>
          layers[name].apply({ params: (params as Parts)[name], state: null }, input, training).output;
        const attended = tf.add(x, run("self_attention", run("ln_1", x)));
        return { output: tf.add(attended, run("mlp", run("ln_2", attended))), state: null };
      },
    };
  };
}
