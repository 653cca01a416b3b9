/**
 * The vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929) as torchvision builds it: the image is cut into
 * patches, each becomes a token, positions are added, blocks of attention and MLPs follow. The representation is the
 * class token's, or the mean over the patches' tokens. In training, a share of the patches can be left out (`patchKeep`,
 * as in He et al. 2021, MAE, arXiv 2111.06377): what is not computed costs nothing.
 */
import { hostTensor } from "../engine/host.js";
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { fold, integers, type Key } from "../random/index.js";
import { ConfigError, formatShape } from "../support/errors.js";
import { layerNorm, transformerBlock } from "./attention.js";
import { filled, normalValues } from "./init.js";
import { block, type Layer, named, sequential } from "./layer.js";

/** The form of a vision transformer. */
export interface VitOptions {
  /** Side of a patch in pixels; 4 by default. */
  readonly patch?: number;
  /** Features of a token; 192 by default, as in ViT-Tiny. */
  readonly width?: number;
  /** Blocks; 12 by default. */
  readonly depth?: number;
  /** 3 by default; a divisor of the width. */
  readonly heads?: number;
  /** Width of the MLP's hidden layer as a multiple of the token's; 4 by default. */
  readonly mlpRatio?: number;
  /** Whose output is the representation: the class token's (default), or the mean of the patches'. */
  readonly pool?: "token" | "mean";
  /** The share of the patches that stays in a training step, others each step, the same for a whole batch; 1 by default. */
  readonly patchKeep?: number;
}

type Named<T> = { readonly [name: string]: T };

/** A vision transformer. @param inputShape [height, width, channels], sides that are multiples of the patch's; the output is [width] */
export function vit(inputShape: readonly number[], options: VitOptions = {}): Layer {
  const { patch = 4, width = 192, depth = 12, heads = 3, mlpRatio = 4 } = options;
  const { pool = "token", patchKeep = 1 } = options;
  const [height, wide, channels] = inputShape as [number, number, number];
  if (height % patch !== 0 || wide % patch !== 0)
    throw new ConfigError(
      `vit: expected images whose sides are multiples of the patch's ${patch}, got ${formatShape(inputShape)}`,
    );
  if (!(patchKeep > 0 && patchKeep <= 1))
    throw new ConfigError(`patchKeep: expected a share above 0, at most 1, got ${patchKeep}`);
  const grid = [height / patch, wide / patch] as const;
  const patches = grid[0] * grid[1];
  const extra = pool === "token" ? 1 : 0;
  const kept = Math.max(1, Math.floor(patches * patchKeep));
  const blocks = Array.from({ length: depth }, (_, i) => [
    `encoder_layer_${i}`,
    block(transformerBlock(heads, Math.round(width * mlpRatio))),
  ]);
  const encoder = sequential([patches + extra, width], Object.fromEntries(blocks));
  const norm = layerNorm()([patches + extra, width]);

  return {
    outputShape: [width],
    init: (key) => ({
      params: named([
        ["class_token", pool === "token" ? filled([1, 1, width], 0) : null],
        [
          "conv_proj",
          {
            kernel: truncated(fold(key, 0), [patch, patch, channels, width], patch * patch * channels),
            bias: filled([width], 0),
          },
        ],
        ["pos_embedding", normalValues(fold(key, 1), [1, patches + extra, width], 0.02)],
        ["layers", encoder.init(fold(key, 2)).params],
        ["ln", norm.init(fold(key, 3)).params],
      ]),
      state: kept < patches ? { dice: startDice(fold(key, 4), patches) } : null,
    }),
    apply({ params, state }, x, training) {
      const parts = params as unknown as Named<tf.Tensor> & { conv_proj: Named<tf.Tensor> };
      const batch = x.shape[0]!;
      const embedded = tf.conv2d(x as tf.Tensor4D, parts.conv_proj.kernel as tf.Tensor4D, patch, "valid");
      const positions = parts.pos_embedding as tf.Tensor3D;
      const tokens = tf.add(
        tf.reshape(tf.add(embedded, parts.conv_proj.bias!), [batch, patches, width]),
        tf.slice(positions, [0, extra, 0], [1, patches, width]),
      );
      const drops = training && kept < patches;
      const dice = (state as { dice: tf.Tensor1D } | null)?.dice;
      const thrown = drops ? throwDice(dice!) : dice;
      const chosen = drops ? choose(tokens, thrown!, kept) : tokens;
      const all = extra ? tf.concat([firstToken(parts, positions, batch, width), chosen], 1) : chosen;
      const run = encoder.apply({ params: parts.layers, state: null }, all, training);
      const output = norm.apply({ params: parts.ln, state: null }, run.output, training).output;
      const representation = extra
        ? tf.reshape(tf.slice(output, [0, 0, 0], [batch, 1, width]), [batch, width])
        : tf.mean(output, 1);
      return { output: representation, state: thrown ? { dice: thrown } : null, parts: run.parts };
    },
  };
}

/** The class token with its position, once for each image. */
function firstToken(
  parts: Named<tf.Tensor>,
  positions: tf.Tensor3D,
  batch: number,
  width: number,
): tf.Tensor {
  const token = tf.add(parts.class_token!, tf.slice(positions, [0, 0, 0], [1, 1, width]));
  return tf.tile(token, [batch, 1, 1]);
}

/** A normal of variance 1 / fan in, cut off at two standard deviations, nearly: what lies beyond is folded back. */
function truncated(key: Key, shape: readonly number[], fanIn: number) {
  const deviation = Math.sqrt(1 / fanIn);
  const { data } = normalValues(key, shape, 1);
  return hostTensor(
    Float32Array.from(
      data,
      (value) => deviation * (Math.abs(value) <= 2 ? value : 4 * Math.sign(value) - value),
    ),
    shape,
  );
}

/*
 * Which patches stay is drawn inside the compiled step, from the layer's state, so that a resumed run draws on as it
 * would have. Each patch has a die of its own, a Lehmer generator d ← m·d mod 4093: the product stays below 2²⁴, which
 * float32 holds exactly, so all devices throw alike. The dice have multipliers of their own, all of full period.
 */
const modulus = 4093;

/** Multipliers whose powers run through all of 1 … 4092. */
const multipliers = (() => {
  const divisors = [2, 3, 11, 31]; // of 4092
  const power = (base: number, exponent: number): number => {
    let [result, square] = [1, base];
    for (let e = exponent; e > 0; e >>= 1) {
      if (e & 1) result = (result * square) % modulus;
      square = (square * square) % modulus;
    }
    return result;
  };
  const full = (m: number): boolean => divisors.every((d) => power(m, (modulus - 1) / d) !== 1);
  return Array.from({ length: modulus - 2 }, (_, i) => i + 2).filter(full);
})();

function startDice(key: Key, count: number) {
  return hostTensor(Float32Array.from(integers(key, count, 1, modulus)), [count]);
}

function throwDice(dice: tf.Tensor1D): tf.Tensor1D {
  const count = dice.shape[0];
  const own = Float32Array.from({ length: count }, (_, i) => multipliers[(i * 389) % multipliers.length]!);
  return tf.mod(tf.mul(dice, constant(hostTensor(own, [count]))), modulus);
}

/** The tokens with the `kept` highest dice, in the order of these; of equal ones, the first. */
function choose(tokens: tf.Tensor, dice: tf.Tensor1D, kept: number): tf.Tensor {
  const [batch, patches, width] = tokens.shape as [number, number, number];
  // Distinct numbers: the place breaks ties.
  const places = constant(
    hostTensor(
      Float32Array.from({ length: patches }, (_, i) => i / patches),
      [patches],
    ),
  );
  const scores = tf.sub(dice, places);
  const above = tf.greater(tf.expandDims(scores, 0), tf.expandDims(scores, 1));
  const rank = tf.sum(tf.cast(above, "float32"), 1);
  const ranks = constant(
    hostTensor(
      Float32Array.from({ length: kept }, (_, i) => i),
      [kept, 1],
    ),
  );
  const selection = tf.cast(tf.equal(tf.expandDims(rank, 0), ranks), "float32");
  const repeated = tf.tile(tf.expandDims(selection, 0), [batch, 1, 1]);
  return tf.reshape(tf.matMul(repeated, tokens), [batch, kept, width]);
}
