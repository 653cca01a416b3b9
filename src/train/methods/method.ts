/**
 * What a method is to the trainer: parameters, and a loss of some views. A method is one file in this folder, one
 * entry in index.ts and one in config/method.ts.
 */
import type { HostTensor } from "../../engine/host.js";
import { tf } from "../../engine/tf.js";
import type { Tree } from "../../engine/tree.js";
import type { Layer } from "../../nn/layer.js";
import type { Projector } from "../../nn/projector.js";
import type { Key } from "../../random/key.js";

/** The networks that a method puts together. */
export interface Networks {
  /** [batch, height, width, channels] → [batch, features] */
  readonly encoder: Layer;
  /** [batch, features] → [batch, dimensions] */
  readonly projector: Projector;
  /** A new network of the projector's form, such as a predictor: [batch, features] → [batch, dimensions]. */
  mlp(features: number): Layer;
  /** How many classes the labels have. */
  readonly classes: number;
}

/** Everything a method keeps: what the optimiser trains and what it does not. */
export interface MethodState<T> {
  readonly params: { readonly [network: string]: Tree<T> };
  readonly state: { readonly [network: string]: Tree<T> };
}

/** What a loss is of. */
export interface MethodBatch {
  /** As many as the configuration asks for, each float32 [batch, height, width, channels] in 0 … 1. */
  readonly views: readonly tf.Tensor4D[];
  /** int32 [batch]; only methods that are told so in their name may look at them. */
  readonly labels: tf.Tensor1D;
  /** The labels of each view, float32 [batch, classes], where augmentations change them; else there are none. */
  readonly targets?: readonly tf.Tensor2D[] | undefined;
  /** The images [count, height, width, channels] that are the negatives, where these are not the batch's. */
  readonly negatives?: tf.Tensor4D | undefined;
  /** The scalars that `inputs` gave for this step. */
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
}

export interface MethodResult {
  readonly loss: tf.Tensor;
  /** The new `state`: batch-norm statistics, a teacher's parameters, a queue. */
  readonly state: MethodState<tf.Tensor>["state"];
  /**
   * Of the first view, for probes and for the watch on collapse: the representation, then what each layer of the projector
   * gives, [batch, width]; so the last is the embedding.
   */
  readonly layers: readonly tf.Tensor2D[];
  /** Further scalars for metrics.jsonl. */
  readonly metrics?: { readonly [name: string]: tf.Tensor };
}

export interface Method {
  /** How many views of an image it wants, at least. */
  readonly views: number;
  init(key: Key): MethodState<HostTensor>;
  /** The loss of a batch, inside the compiled step. */
  loss(variables: MethodState<tf.Tensor>, batch: MethodBatch): MethodResult;
  /** Scalars that change from step to step, such as a teacher's momentum. They are inputs of the compiled step. */
  inputs?(step: number, totalSteps: number): Readonly<Record<string, number>>;
  /** Changes `state` after the optimiser's update, inside the compiled step, as an EMA teacher does. */
  afterUpdate?(
    variables: MethodState<tf.Tensor>,
    inputs: Readonly<Record<string, tf.Tensor>>,
  ): MethodState<tf.Tensor>["state"];
}

/** The class of each image of a view: its label, or, where augmentations change it, the class of the greatest share. */
export function viewLabels(labels: tf.Tensor1D, target: tf.Tensor2D | undefined): tf.Tensor1D {
  return target ? tf.argMax(target, 1) : labels;
}
