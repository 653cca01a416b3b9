/**
 * Layers: networks as functions over parameter trees. A layer owns no tensors: it makes initial ones from a key, and
 * computes its output from those it is given. Images are NHWC, convolution kernels HWIO.
 */
import type { HostTensor } from "../engine/host.js";
import type { tf } from "../engine/tf.js";
import { recomputable, scope } from "../engine/trace/trace.js";
import type { Tree } from "../engine/tree.js";
import { fold, type Key } from "../random/index.js";

/** What a layer needs to compute: parameters, which gradients train, and state, which they do not. */
export interface Variables<T> {
  readonly params: Tree<T>;
  /** Batch-norm running statistics. */
  readonly state: Tree<T>;
}

/** What a layer makes of a batch. */
export interface Applied {
  readonly output: tf.Tensor;
  readonly state: Tree<tf.Tensor>;
  /** What its layers gave, by their names and in their order, where it is made of layers one after the other. */
  readonly parts?: Readonly<Record<string, tf.Tensor>>;
}

/** A network, or a part of one, as two functions. */
export interface Layer {
  /** The shape of one sample's output. */
  readonly outputShape: readonly number[];
  /** Initial variables. */
  init(key: Key): Variables<HostTensor>;
  /** The output for a batch, and the new state. @param x a batch @param training true: batch norm uses the batch's statistics and updates the running ones */
  apply(variables: Variables<tf.Tensor>, x: tf.Tensor, training: boolean): Applied;
}

/** Makes a layer for inputs of a given sample shape. */
export type LayerFactory = (inputShape: readonly number[]) => Layer;

type Named<T> = { readonly [name: string]: Tree<T> };

/** Layers one after the other. */
export interface Sequential extends Layer {
  apply(variables: Variables<tf.Tensor>, x: tf.Tensor, training: boolean): Required<Applied>;
}

/** Layers one after the other; parameters, state and the scopes of profiles have the layers' names. */
export function sequential(
  inputShape: readonly number[],
  factories: Readonly<Record<string, LayerFactory>>,
): Sequential {
  let shape = inputShape;
  const layers = Object.entries(factories).map(([name, factory]) => {
    const layer = factory(shape);
    shape = layer.outputShape;
    return { name, layer };
  });
  return {
    outputShape: shape,
    init(key) {
      const parts = layers.map(({ name, layer }, i) => ({ name, ...layer.init(fold(key, i)) }));
      return {
        params: named(parts.map(({ name, params }) => [name, params])),
        state: named(parts.map(({ name, state }) => [name, state])),
      };
    },
    apply({ params, state }, x, training) {
      let output = x;
      const states: [string, Tree<tf.Tensor>][] = [];
      const parts: [string, tf.Tensor][] = [];
      for (const { name, layer } of layers) {
        const variables = {
          params: (params as Named<tf.Tensor> | null)?.[name],
          state: (state as Named<tf.Tensor> | null)?.[name],
        };
        const applied = scope(name, () => layer.apply(variables, output, training));
        output = applied.output;
        parts.push([name, output]);
        states.push([name, applied.state]);
      }
      return { output, state: named(states), parts: Object.fromEntries(parts) };
    },
  };
}

/** An object without its empty parts, so that layers without parameters leave no trace in checkpoints. */
export function named<T>(parts: readonly (readonly [string, Tree<T>])[]): Tree<T> {
  return Object.fromEntries(parts.filter(([, tree]) => tree !== null && tree !== undefined));
}

/** The layer as a block, whose activations `jit`'s `recompute` computes again in the backward pass. */
export function block(factory: LayerFactory): LayerFactory {
  return (inputShape) => {
    const layer = factory(inputShape);
    return { ...layer, apply: (...args) => recomputable(() => layer.apply(...args)) };
  };
}

/** A layer without parameters: `fn`, of the output shape `shape` (by default the input's). */
export function lambda(
  fn: (x: tf.Tensor, training: boolean) => tf.Tensor,
  shape: (inputShape: readonly number[]) => readonly number[] = (inputShape) => inputShape,
): LayerFactory {
  return (inputShape) => ({
    outputShape: shape(inputShape),
    init: () => ({ params: null, state: null }),
    apply: (_, x, training) => ({ output: fn(x, training), state: null }),
  });
}
