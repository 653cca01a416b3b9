/** Ways to run the cases: eagerly on the cpu backend, and with gradients in place of results. */
import { valueAndGrad } from "../../src/engine/grad.js";
import type { HostTensor } from "../../src/engine/host.js";
import { tf } from "../../src/engine/tf.js";
import { constant } from "../../src/engine/trace/trace.js";
import { flatten, type Tree } from "../../src/engine/tree.js";
import { floats } from "../support/data.js";

type Program = (...args: tf.Tensor[]) => Tree<tf.Tensor>;

/** The results of `fn` on TensorFlow.js's cpu backend, as host tensors in the order of the tree. */
export function eagerly(fn: Program, inputs: readonly HostTensor[]): HostTensor[] {
  return tf.tidy(() => {
    const tensors = inputs.map(constant);
    return flatten<tf.Tensor>(fn(...tensors)).leaves.map((leaf) => ({
      data: leaf.dataSync() as HostTensor["data"],
      shape: leaf.shape,
      dtype: leaf.dtype as HostTensor["dtype"],
    })) as unknown as tf.TensorContainer;
  }) as unknown as HostTensor[];
}

/** The program that returns the gradients, by the listed arguments, of a fixed weighting of `fn`'s float results. */
export function withGradients(fn: Program, by: readonly number[]): Program {
  return (...args) => {
    const { loss, grads } = valueAndGrad((chosen: tf.Tensor[]) => {
      const all = [...args];
      for (const [i, position] of by.entries()) all[position] = chosen[i]!;
      const terms = flatten<tf.Tensor>(fn(...all)).leaves.map((leaf, i) =>
        tf.sum(tf.mul(leaf, constant(floats(leaf.shape, 100 + i)))),
      );
      return { loss: terms.reduce((sum, term) => tf.add(sum, term)) };
    })(by.map((position) => args[position]!));
    return [loss, ...grads];
  };
}
