/**
 * The MLP probe: a classifier with one hidden layer on frozen, standardised features. Where it is much better than the
 * linear probe, a representation holds the classes but does not lay them out linearly. Trained by AdamW with a cosine to
 * 0; initial weights and the order of samples are functions of the seed, so the same features give the same probe.
 */
import { valueAndGrad } from "../engine/grad.js";
import { type HostTensor, hostScalar, hostTensor } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { DeviceName } from "../engine/run/device.js";
import type { tf } from "../engine/tf.js";
import { toHost } from "../engine/to-host.js";
import type { Tree } from "../engine/tree.js";
import { supervised } from "../loss/supervised.js";
import { sequential } from "../nn/layer.js";
import { linear, relu } from "../nn/layers.js";
import { adamw } from "../optim/adamw.js";
import { warmupCosine } from "../optim/schedule.js";
import { fold, key, permutation } from "../random/index.js";
import { ConfigError } from "../support/errors.js";
import { checkPair, type Features } from "./features.js";
import type { OnShare } from "./progress.js";
import { labelRanks, largestOf, topShare } from "./ranks.js";
import { standardiser } from "./standardise.js";

/** The classifier's width, and how it is trained. */
export interface MlpProbeOptions {
  /** Width of the hidden layer; 256 by default. */
  readonly hidden?: number;
  /** Passes over the training samples; 20 by default. */
  readonly epochs?: number;
  /** Samples a step; 256 by default, and never more than there are. What fills no batch is left out of an epoch. */
  readonly batch?: number;
  /** Learning rate of the first step; 1e-3 by default. */
  readonly lr?: number;
  /** Of the weights, not the biases; 0.01 by default. */
  readonly weightDecay?: number;
  /** 0 by default. */
  readonly seed?: number;
  readonly device?: DeviceName;
  readonly onShare?: OnShare;
}

/** A trained classifier with one hidden layer, and how well it does. */
export interface MlpProbe {
  /** The share of test samples whose class is predicted, 0 … 1. */
  readonly accuracy: number;
  /** The share of test samples whose class is among the five with the largest scores. */
  readonly top5: number;
  readonly trainAccuracy: number;
  readonly predicted: Int32Array;
  /** `hidden` and `output`, each with a kernel [in, out] and a bias, for standardised features. */
  readonly params: Tree<HostTensor>;
}

type State<T> = { readonly params: Tree<T>; readonly optimiser: Tree<T> };

/** Trains a classifier with one hidden layer on the training features and tests it. */
export async function mlpProbe(
  train: Features,
  test: Features,
  options: MlpProbeOptions = {},
): Promise<MlpProbe> {
  const { hidden = 256, epochs = 20, lr = 1e-3, weightDecay = 0.01, seed = 0, device = "cpu" } = options;
  const { trainCount, width, classes } = checkPair(train, test);
  const batch = Math.min(options.batch ?? 256, trainCount);
  for (const [name, value] of Object.entries({ hidden, epochs, batch }))
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError(`${name}: expected 1 or more, got ${value}`);
  const net = sequential([width], { hidden: linear(hidden), relu: relu(), output: linear(classes) });
  const optimiser = adamw({ weightDecay, decayOneDimensional: false });
  const scores = (params: Tree<tf.Tensor>, x: tf.Tensor): tf.Tensor2D =>
    net.apply({ params, state: null }, x, true).output as tf.Tensor2D;
  const step = jit(
    ({ params, optimiser: slots }: State<tf.Tensor>, x: tf.Tensor, labels: tf.Tensor, rate: tf.Tensor) => {
      const loss = (p: Tree<tf.Tensor>) => ({ loss: supervised(scores(p, x), labels as tf.Tensor1D) });
      const { grads } = valueAndGrad(loss)(params);
      const updated = optimiser.update(params, grads, slots, rate);
      return { params: updated.params, optimiser: updated.state };
    },
    { name: "mlp probe", device, donate: [0] },
  );
  const predict = jit(scores, { name: "mlp probe scores", device });

  const standardise = standardiser(train.features);
  const [x, held] = [standardise(train.features), standardise(test.features)];
  const start = net.init(fold(key(seed), 0)).params;
  const stepsPerEpoch = Math.floor(trainCount / batch);
  try {
    let state: State<HostTensor> = { params: start, optimiser: optimiser.init(start) };
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = permutation(fold(key(seed), 1, epoch), trainCount);
      for (let i = 0; i < stepsPerEpoch; i++) {
        const chosen = order.subarray(i * batch, (i + 1) * batch);
        const at = epoch * stepsPerEpoch + i;
        const rate = warmupCosine(at, { base: lr, totalSteps: epochs * stepsPerEpoch, end: 0 });
        const labels = hostTensor(
          Int32Array.from(chosen, (sample) => train.labels[sample]!),
          [batch],
        );
        const next = await step(state, rowsOf(x, chosen), labels, hostScalar(rate));
        state = next as unknown as State<HostTensor>;
        options.onShare?.((at + 1) / (epochs * stepsPerEpoch));
      }
    }
    const scoresOf = async (features: HostTensor): Promise<Float32Array> =>
      (await (await predict(state.params, features)).data()) as Float32Array;
    const [own, tested] = [await scoresOf(x), await scoresOf(held)];
    const ranks = labelRanks(tested, classes, test.labels);
    return {
      accuracy: topShare(ranks, 1),
      top5: topShare(ranks, 5),
      trainAccuracy: topShare(labelRanks(own, classes, train.labels), 1),
      predicted: largestOf(tested, classes),
      params: await toHost(state.params),
    };
  } finally {
    await Promise.all([step.dispose(), predict.dispose()]);
  }
}

function rowsOf({ data, shape }: HostTensor, chosen: Uint32Array): HostTensor {
  const width = shape[1]!;
  const out = new Float32Array(chosen.length * width);
  chosen.forEach((row, i) => {
    out.set((data as Float32Array).subarray(row * width, (row + 1) * width), i * width);
  });
  return hostTensor(out, [chosen.length, width]);
}
