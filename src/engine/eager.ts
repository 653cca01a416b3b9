/**
 * Functions over trees of tensors, run as they are, operation by operation, on a TensorFlow.js backend. The reference
 * that compiled programs are compared with, and the way programs run on TensorFlow's own kernels.
 */
import { CompileError } from "../support/errors.js";
import { type FlatArguments, flattenArguments, type Leaf, leafOnHost, leafTensor } from "./arguments.js";
import { DeviceTensor } from "./device-tensor.js";
import type { ElementType } from "./host.js";
import type { Arguments, OnDevice } from "./jit.js";
import { tf } from "./tf.js";
import { flatten, type Tree, type TreeDefinition, unflatten } from "./tree.js";

export type AnyFunction = (...args: Tree<tf.Tensor>[]) => Tree<tf.Tensor>;

/** Runs `fn` on the current backend; `leaves` are those of the arguments, none of them in a device's memory. */
export function runEagerly(
  name: string,
  fn: AnyFunction,
  { definition }: FlatArguments,
  leaves: readonly Leaf[],
): Tree<DeviceTensor> {
  let result: TreeDefinition | undefined;
  const kept: tf.Tensor[] = [];
  tf.tidy(() => {
    const tensors = leaves.map(leafTensor);
    const { definition: structure, leaves: results } = flatten<tf.Tensor>(
      fn(...(unflatten(definition, tensors) as Tree<tf.Tensor>[])),
    );
    result = structure;
    for (const leaf of results) {
      if (!(leaf instanceof tf.Tensor))
        throw new CompileError(`${name}: expected tensors as results, got ${String(leaf)}`);
      // A clone of its own, which outlives the scope, for every result, be it an argument or given out twice.
      kept.push(tf.keep(tf.clone(leaf)));
    }
  });
  const tensors = kept.map((tensor) => new DeviceTensor(tensor, tensor.shape, tensor.dtype as ElementType));
  return unflatten<DeviceTensor>(result!, tensors);
}

/** `fn` with the signature of its compiled form, run eagerly on the current TensorFlow.js backend. */
export function eager<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
): (...args: Arguments<A>) => Promise<OnDevice<R>> {
  return async (...values) => {
    const args = flattenArguments(values);
    const leaves = await Promise.all(args.leaves.map(leafOnHost));
    return runEagerly(fn.name, fn as unknown as AnyFunction, args, leaves) as OnDevice<R>;
  };
}
