/**
 * A whole training step in plain TensorFlow.js operations, for tests and measurements: convolutions with batch norm and
 * ReLU, global average pooling, a projector, NT-Xent over two views, and SGD with momentum.
 */
import { valueAndGrad } from "../../src/engine/grad.js";
import { type HostTensor, hostZeros } from "../../src/engine/host.js";
import { tf } from "../../src/engine/tf.js";
import { scope } from "../../src/engine/trace/trace.js";
import { mapTree, zipTrees } from "../../src/engine/tree.js";
import { floats } from "../support/data.js";

type Params<T> = { readonly [name: string]: T };
export interface StepState<T> {
  readonly params: Params<T>;
  readonly momentum: Params<T>;
}
export interface StepResult {
  readonly loss: tf.Tensor;
  readonly grads: Params<tf.Tensor>;
  readonly state: StepState<tf.Tensor>;
}

export interface Architecture {
  readonly channels: readonly number[];
  readonly strides: readonly (1 | 2)[];
  readonly hidden: number;
  readonly output: number;
}

export function initial({ channels, hidden, output }: Architecture): StepState<HostTensor> {
  const params: { [name: string]: HostTensor } = {};
  let before = 3;
  for (const [i, after] of channels.entries()) {
    const bound = Math.sqrt(6 / (9 * before));
    params[`kernel${i}`] = floats([3, 3, before, after], 10 + i, -bound, bound);
    params[`gamma${i}`] = floats([after], 30 + i, 0.8, 1.2);
    params[`beta${i}`] = floats([after], 50 + i, -0.1, 0.1);
    before = after;
  }
  params.hidden = floats([before, hidden], 70, -0.2, 0.2);
  params.output = floats([hidden, output], 71, -0.2, 0.2);
  const zeros = mapTree<HostTensor, HostTensor>(params, ({ shape }) => hostZeros(shape));
  return { params, momentum: zeros as Params<HostTensor> };
}

function norm(x: tf.Tensor, axes: number[]): tf.Tensor {
  const mean = tf.mean(x, axes, true);
  const centred = tf.sub(x, mean);
  const variance = tf.mean(tf.square(centred), axes, true);
  return tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5)));
}

function embed(p: Params<tf.Tensor>, images: tf.Tensor, { strides }: Architecture): tf.Tensor {
  let x = images;
  for (const [i, stride] of strides.entries())
    x = scope(`block${i}`, () => {
      const y = tf.conv2d(x as tf.Tensor4D, p[`kernel${i}`] as tf.Tensor4D, stride, "same");
      return tf.relu(tf.add(tf.mul(norm(y, [0, 1, 2]), p[`gamma${i}`]!), p[`beta${i}`]!));
    });
  return scope("projector", () => {
    const hidden = tf.relu(norm(tf.matMul(tf.mean(x, [1, 2]), p.hidden!), [0]));
    return tf.matMul(hidden, p.output!);
  });
}

/** NT-Xent of embeddings whose first and second halves are two views of the same images. */
function contrast(z: tf.Tensor, temperature: number): tf.Tensor {
  const half = z.shape[0]! / 2;
  const unit = tf.div(z, tf.sqrt(tf.sum(tf.square(z), 1, true)));
  const similarity = tf.div(tf.matMul(unit, unit, false, true), temperature);
  const logits = tf.sub(similarity, tf.mul(tf.eye(2 * half), 1e9));
  const [a, b] = tf.split(unit, 2) as [tf.Tensor, tf.Tensor];
  const positives = tf.div(tf.sum(tf.mul(a, b), 1), temperature);
  return tf.sub(tf.mean(tf.logSumExp(logits, 1)), tf.mean(positives));
}

/** One step of SGD with momentum 0.9. */
export function trainingStep(architecture: Architecture) {
  return function step(state: StepState<tf.Tensor>, images: tf.Tensor, lr: tf.Tensor): StepResult {
    const { loss, grads } = valueAndGrad((params: Params<tf.Tensor>) => ({
      loss: contrast(embed(params, tf.div(tf.cast(images, "float32"), 255), architecture), 0.5),
    }))(state.params);
    return scope("update", () => {
      const momentum = zipTrees<tf.Tensor, tf.Tensor>([state.momentum, grads], ([m, g]) =>
        tf.add(tf.mul(m!, 0.9), g!),
      ) as Params<tf.Tensor>;
      const params = zipTrees<tf.Tensor, tf.Tensor>([state.params, momentum], ([w, m]) =>
        tf.sub(w!, tf.mul(lr, m!)),
      ) as Params<tf.Tensor>;
      return { loss, grads, state: { params, momentum } };
    });
  };
}
