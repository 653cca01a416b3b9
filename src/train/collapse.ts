/**
 * The watch on collapse. A representation collapses when all images get nearly the same embedding, or embeddings that lie
 * on a line; the loss may look fine then. Every step reports two numbers of the first view's embeddings, after each was
 * scaled to length 1: how far they spread, and over how many directions.
 */
import { tf } from "../engine/tf.js";
import { normalise } from "../loss/embeddings.js";
import { TrainingError } from "../support/errors.js";
import type { CollapseConfig } from "./config/collapse.js";

/**
 * @param z [batch, dimensions]
 * @returns `std`: the mean standard deviation of a dimension times √dimensions, 1 for embeddings spread evenly over the
 * sphere, 0 when all agree (as SimSiam's figure 2 plots it); `rank`: (tr C)² / tr C² of their covariance C, the number
 * of directions over which they spread
 */
export function spreadOf(z: tf.Tensor2D): { std: tf.Tensor; rank: tf.Tensor } {
  const [n, width] = z.shape;
  const unit = normalise(z);
  const centred = tf.sub(unit, tf.mean(unit, 0)) as tf.Tensor2D;
  const variances = tf.mean(tf.square(centred), 0);
  const std = tf.mul(tf.mean(tf.sqrt(variances)), Math.sqrt(width));
  // zᵀz and zzᵀ have the same eigenvalues, but for zeros: take the smaller.
  const gram =
    n < width ? tf.matMul(centred, centred, false, true) : tf.matMul(centred, centred, true, false);
  const trace = tf.mul(tf.sum(variances), n);
  const rank = tf.div(tf.square(trace), tf.add(tf.sum(tf.square(gram)), 1e-20));
  return { std, rank };
}

/** Counts the steps in a row that look collapsed. */
export class CollapseWatch {
  #below = 0;
  readonly #config: CollapseConfig;

  constructor(config: CollapseConfig) {
    this.#config = config;
  }

  /** Whether the run counts as collapsed now. */
  get collapsed(): boolean {
    return this.#below >= this.#config.steps;
  }

  /** Takes a step's metrics; true when with this very step the run began to count as collapsed. */
  step(metrics: Readonly<Record<string, number>>): boolean {
    const { std, rank } = this.#config;
    const collapsed = (metrics.std ?? Infinity) < std || (metrics.rank ?? Infinity) < rank;
    this.#below = collapsed ? this.#below + 1 : 0;
    return this.#below === this.#config.steps;
  }

  /** What happened, and what may help. */
  report(metrics: Readonly<Record<string, number>>): string {
    const { std, rank, steps } = this.#config;
    return [
      `representation at step ${metrics.step}: expected embeddings that spread, got a collapse: for ${steps} steps in a row`,
      `std ${metrics.std?.toPrecision(3)} (bound ${std}) or rank ${metrics.rank?.toPrecision(3)} (bound ${rank}).`,
      "Negatives, a variance term, a predictor with a teacher, a lower learning rate or a longer warm-up prevent it;",
      "collapse.action=ignore trains on all the same.",
    ].join(" ");
  }

  /** The error that ends the run. */
  error(metrics: Readonly<Record<string, number>>): TrainingError {
    return new TrainingError(this.report(metrics));
  }
}
