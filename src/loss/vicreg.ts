/**
 * VICReg (Bardes et al. 2022, arXiv 2105.04906): the views of an image agree (invariance), every dimension keeps a
 * standard deviation of 1 or more (variance), and dimensions are not correlated (covariance). As FFCV-SSL has it
 * (`VicRegLoss`): the variance term is halved over the two views, the covariance term is not; both are unbiased.
 */
import { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { checkViews, diagonals } from "./embeddings.js";

/** Weights of the three terms of `vicreg`. */
export interface VicregOptions {
  /** Weight of the mean squared difference of the views; 25 by default. */
  readonly invariance?: number;
  /** Weight of the hinge on the standard deviations; 25 by default. */
  readonly variance?: number;
  /** Weight of the squared covariances; 1 by default. */
  readonly covariance?: number;
}

const epsilon = 1e-4;

/**
 * @param z1 [N, dimensions]: the first view of N images, N at least 2
 * @param z2 [N, dimensions]: the second
 * @returns a scalar
 */
export function vicreg(z1: tf.Tensor2D, z2: tf.Tensor2D, options: VicregOptions = {}): tf.Scalar {
  const { invariance = 25, variance = 25, covariance = 1 } = options;
  checkViews(z1, z2, 2);
  const agree = tf.mean(tf.squaredDifference(z1, z2));
  const spreads = [z1, z2].map(spread);
  const hinge = tf.mul(tf.addN(spreads.map((view) => view.hinge)), 0.5);
  const correlated = tf.addN(spreads.map((view) => view.correlated));
  return tf.addN([
    tf.mul(agree, invariance),
    tf.mul(hinge, variance),
    tf.mul(correlated, covariance),
  ]) as tf.Scalar;
}

/** mean relu(1 − √(var + ε)) over the dimensions, and Σ offdiag(cov)² / dimensions. */
function spread(z: tf.Tensor2D): { hinge: tf.Tensor; correlated: tf.Tensor } {
  const [n, width] = z.shape;
  const centred = tf.sub(z, tf.mean(z, 0)) as tf.Tensor2D;
  const deviation = tf.sqrt(tf.add(tf.div(tf.sum(tf.square(centred), 0), n - 1), epsilon));
  const matrix = tf.div(tf.matMul(centred, centred, true, false), n - 1);
  const off = tf.mul(tf.square(matrix), tf.sub(1, constant(diagonals(width))));
  return { hinge: tf.mean(tf.relu(tf.sub(1, deviation))), correlated: tf.div(tf.sum(off), width) };
}
