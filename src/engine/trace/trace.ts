/**
 * Runs a function once on symbolic tensors and returns the graph of what it did. The function sees plain TensorFlow.js
 * tensors, takes gradients as always, and never notices; what it does beside tensors (printing, counting) happens once.
 */
import { TraceError } from "../../support/errors.js";
import { type Graph, GraphBuilder, type Value, type ValueType } from "../graph/graph.js";
import type { HostTensor } from "../host.js";
import { tf } from "../tf.js";
import { flatten, type Tree, type TreeDefinition, unflatten } from "../tree.js";
import { traceBackend, traceBackendName } from "./backend.js";
import "./kernels/index.js";

export interface Traced {
  readonly graph: Graph;
  /** The structure of the function's result; its leaves are the graph's outputs. */
  readonly result: TreeDefinition;
}

/** Whether a function is being traced now. */
export function isTracing(): boolean {
  return traceBackend.builder !== undefined;
}

/**
 * The graph of `fn`.
 * @param args the structure of the list of arguments; `types` are the types of its leaves, in order
 */
export function trace(
  name: string,
  fn: (...args: Tree<tf.Tensor>[]) => Tree<tf.Tensor>,
  args: TreeDefinition,
  types: readonly ValueType[],
): Traced {
  if (isTracing())
    throw new TraceError(
      `jit ${name}: expected no jit inside a traced function; call the plain function there`,
    );
  const builder = new GraphBuilder();
  tf.backend(); // chooses the default backend if none was chosen yet
  const previous = tf.getBackend();
  // setBackend is asynchronous only for backends that are: for these two it has taken effect when it returns.
  void tf.setBackend(traceBackendName);
  traceBackend.builder = builder;
  try {
    let traced: Traced | undefined;
    tf.tidy(() => {
      const inputs = types.map((type) => builder.input(type));
      const tensors = inputs.map((input) =>
        traceBackend.tensor(input.dtype === "uint8" ? castToInt32(builder, input) : input),
      );
      const tree = fn(...(unflatten(args, tensors) as Tree<tf.Tensor>[]));
      if (tree instanceof Promise)
        throw new TraceError(`${name}: expected a function that returns tensors, got a Promise`);
      const { leaves, definition } = flatten(tree);
      const outputs = leaves.map((leaf, i) => {
        if (!(leaf instanceof tf.Tensor))
          throw new TraceError(`${name}, result ${i}: expected a tensor, got ${String(leaf)}`);
        return traceBackend.value(leaf, `the result of ${name}`);
      });
      traced = { graph: builder.finish(name, outputs), result: definition };
    });
    return traced!;
  } finally {
    traceBackend.builder = undefined;
    void tf.setBackend(previous);
  }
}

function castToInt32(builder: GraphBuilder, input: Value): Value {
  return builder.add("Cast", [input], {}, [{ shape: input.shape, dtype: "int32" }]).outputs[0]!;
}

/** Host data as a tensor: a declared constant while tracing, an ordinary tensor otherwise. */
export function constant(host: HostTensor): tf.Tensor {
  const dtype = host.dtype === "uint8" ? "int32" : host.dtype;
  const data = host.dtype === "uint8" ? Int32Array.from(host.data) : host.data;
  if (!isTracing()) return tf.tensor(data, [...host.shape], dtype);
  return traceBackend.constant(data, { shape: host.shape, dtype });
}

/** Names what `fn` records, for profiles and printed graphs; scopes nest with a slash. Eagerly it only calls `fn`. */
export function scope<R>(name: string, fn: () => R): R {
  const { builder } = traceBackend;
  if (!builder) return fn();
  const outer = builder.scope;
  builder.scope = outer ? `${outer}/${name}` : name;
  try {
    return fn();
  } finally {
    builder.scope = outer;
  }
}

/**
 * Declares what `fn` records as a block, such as a residual block of a ResNet, whose activations a program that was compiled
 * with `recompute` computes again in the backward pass. Without that option, and eagerly, it only calls `fn`.
 */
export function recomputable<R>(fn: () => R): R {
  const { builder } = traceBackend;
  return builder ? builder.inBlock(fn) : fn();
}

/** The scope in which a traced tensor was recorded; "" for inputs and for tensors that are not traced. */
export function scopeOf(tensor: tf.Tensor): string {
  return traceBackend.find(tensor)?.node?.scope ?? "";
}
