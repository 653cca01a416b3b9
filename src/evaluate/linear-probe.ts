/**
 * The linear probe: multinomial logistic regression on frozen, standardised features. Its minimum is unique, so the
 * probe is found by L-BFGS, without a learning rate, an order of samples or a seed; the same features give the same probe.
 */
import { valueAndGrad } from "../engine/grad.js";
import { type HostTensor, hostScalar, hostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import { tf } from "../engine/tf.js";
import { checkPair, type Features } from "./features.js";
import { type Evaluated, lbfgs } from "./lbfgs.js";
import type { OnShare } from "./progress.js";
import { labelRanks, largestOf, topShare } from "./ranks.js";
import { standardiser } from "./standardise.js";

/** The objective, and when its minimum counts as found. */
export interface LinearProbeOptions {
  /**
   * λ of the objective: mean cross-entropy + ½·λ·‖W‖², biases not counted; 1e-4 by default. scikit-learn's C is
   * 1 / (λ · samples).
   */
  readonly l2?: number;
  readonly maxIterations?: number;
  /** Ends when the largest element of the gradient is below; 1e-4 by default. */
  readonly tolerance?: number;
  /** Told how far the gradient has fallen, by orders of magnitude. */
  readonly onShare?: OnShare;
}

/** A trained linear classifier, and how well it does. */
export interface LinearProbe {
  /** The share of test samples whose class is predicted, 0 … 1. */
  readonly accuracy: number;
  /** The share of test samples whose class is among the five with the largest logits. */
  readonly top5: number;
  readonly trainAccuracy: number;
  readonly predicted: Int32Array;
  /** Of standardised features: [dimensions, classes]. */
  readonly weights: HostTensor;
  /** [classes] */
  readonly bias: HostTensor;
  readonly iterations: number;
  readonly converged: boolean;
}

type Parameters = { readonly weights: tf.Tensor2D; readonly bias: tf.Tensor1D };

const logitsOf = ({ weights, bias }: Parameters, x: tf.Tensor2D): tf.Tensor =>
  tf.add(tf.matMul(x, weights), bias);

function objective(parameters: Parameters, x: tf.Tensor2D, targets: tf.Tensor2D, l2: tf.Tensor) {
  return valueAndGrad((p: Parameters) => {
    const logits = logitsOf(p, x);
    const right = tf.sum(tf.mul(logits, targets), 1);
    const loss = tf.mean(tf.sub(tf.logSumExp(logits, 1), right));
    return { loss: tf.add(loss, tf.mul(tf.sum(tf.square(p.weights)), tf.mul(l2, 0.5))) };
  })(parameters);
}

/** Trains a linear classifier on the training features and tests it. */
export async function linearProbe(
  train: Features,
  test: Features,
  { l2 = 1e-4, maxIterations = 1000, tolerance = 1e-4, onShare }: LinearProbeOptions = {},
): Promise<LinearProbe> {
  const { trainCount, width, classes } = checkPair(train, test);
  const standardise = standardiser(train.features);
  const x = standardise(train.features);
  const targets = new Float32Array(trainCount * classes);
  train.labels.forEach((label, i) => {
    targets[i * classes + label] = 1;
  });
  const y = hostTensor(targets, [trainCount, classes]);
  const unpack = (flat: Float64Array) => ({
    weights: hostTensor(Float32Array.from(flat.subarray(0, width * classes)), [width, classes]),
    bias: hostTensor(Float32Array.from(flat.subarray(width * classes)), [classes]),
  });

  const run = jit(objective, { name: "linear probe" });
  const evaluate = async (flat: Float64Array): Promise<Evaluated> => {
    const { loss, grads } = await run(unpack(flat), x, y, hostScalar(l2));
    const gradient = new Float64Array(flat.length);
    gradient.set(await grads.weights.data());
    gradient.set(await grads.bias.data(), width * classes);
    return { value: (await loss.data())[0]!, gradient };
  };
  try {
    const start = new Float64Array((width + 1) * classes);
    const onGradient = onShare && fall(tolerance, onShare);
    const result = await lbfgs(evaluate, start, {
      maxIterations,
      tolerance,
      ...(onGradient && { onGradient }),
    });
    const params = unpack(result.x);
    const logits = scores(params, standardise(test.features));
    const ranks = labelRanks(logits, classes, test.labels);
    return {
      ...params,
      predicted: largestOf(logits, classes),
      accuracy: topShare(ranks, 1),
      top5: topShare(ranks, 5),
      trainAccuracy: topShare(labelRanks(scores(params, x), classes, train.labels), 1),
      iterations: result.iterations,
      converged: result.converged,
    };
  } finally {
    await run.dispose();
  }
}

/** Tells the share of the way that a gradient has gone to the tolerance; where it rises, the share stays. */
function fall(tolerance: number, onShare: OnShare): (gradient: number) => void {
  let [first, share] = [0, 0];
  return (gradient) => {
    first ||= gradient;
    if (first > tolerance) share = Math.max(share, Math.log(first / gradient) / Math.log(first / tolerance));
    onShare(share);
  };
}

/** The logits of every row: float64 [rows, classes]. */
function scores({ weights, bias }: { weights: HostTensor; bias: HostTensor }, x: HostTensor): Float64Array {
  const [rows, width] = x.shape as [number, number];
  const classes = bias.data.length;
  const logits = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    row.set(bias.data);
    for (let j = 0; j < width; j++) {
      const value = x.data[i * width + j]!;
      for (let c = 0; c < classes; c++) row[c]! += value * weights.data[j * classes + c]!;
    }
  }
  return logits;
}
