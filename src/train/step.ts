/**
 * One training step as pure functions over tensors: images → views → networks → loss → gradients, and gradients →
 * optimiser → new weights. Compiled together they are one program; compiled apart, gradients of several parts of a batch
 * can be summed first.
 */
import {
  applyLabels,
  applyViews,
  changesLabels,
  type Drawn,
  oneHot,
  type Pipeline,
} from "../augment/views.js";
import { valueAndGrad } from "../engine/grad.js";
import { tf } from "../engine/tf.js";
import { scope } from "../engine/trace/trace.js";
import { type Tree, zipTrees } from "../engine/tree.js";
import { clipByGlobalNorm } from "../optim/clip.js";
import type { Optimiser } from "../optim/optimiser.js";
import { spreadOf } from "./collapse.js";
import type { Method, MethodState } from "./methods/method.js";
import { chosen, overlay, type PathFilter } from "./paths.js";

export interface TrainState<T> extends MethodState<T> {
  readonly optimiser: Tree<T>;
}

/** What a step takes beside the state. */
export interface StepInput<T> {
  /** uint8 [batch, height, width, channels] */
  readonly images: T;
  /** int32 [batch] */
  readonly labels: T;
  readonly drawn: Drawn<T>;
  /** Images [count, height, width, channels] in 0 … 1 and what was drawn for views of them. */
  readonly negatives?: { readonly images: T; readonly drawn: Drawn<T> } | undefined;
  /** The learning rate, and what the method wants. */
  readonly scalars: { readonly lr: T; readonly [name: string]: T };
}

type Scalars = { readonly loss: tf.Tensor; readonly [name: string]: tf.Tensor };

export interface StepResult {
  readonly state: TrainState<tf.Tensor>;
  readonly metrics: Scalars;
}

export interface Gradients {
  readonly grads: Tree<tf.Tensor>;
  readonly state: MethodState<tf.Tensor>["state"];
  readonly metrics: Scalars;
}

export interface StepFunctions {
  /** The gradients of a batch by the parameters that train, and the method's new state. */
  gradients(variables: MethodState<tf.Tensor>, input: StepInput<tf.Tensor>): Gradients;
  /** The state after the optimiser's update; `metrics` are what the update itself reports. */
  update(
    state: TrainState<tf.Tensor>,
    grads: Tree<tf.Tensor>,
    scalars: StepInput<tf.Tensor>["scalars"],
  ): { readonly state: TrainState<tf.Tensor>; readonly metrics: { readonly [name: string]: tf.Tensor } };
  /** Both, one after the other. */
  step(state: TrainState<tf.Tensor>, input: StepInput<tf.Tensor>): StepResult;
}

export interface StepOptions {
  readonly method: Method;
  readonly optimiser: Optimiser;
  readonly pipelines: readonly Pipeline[];
  /** How many classes the labels have. */
  readonly classes: number;
  /** How many views of each of the negatives' images are made. */
  readonly copies: number;
  /** Parameters, and batch-norm statistics of the same path, that stay as they are. */
  readonly frozen?: PathFilter | undefined;
  /** The limit for the norm of all gradients. */
  readonly clipNorm?: number | undefined;
}

export function createStep(options: StepOptions): StepFunctions {
  const { method, optimiser, pipelines, classes, copies, frozen, clipNorm } = options;
  const moves: PathFilter = (path) => !frozen?.(path);

  const negativesOf = ({ negatives }: StepInput<tf.Tensor>): tf.Tensor4D | undefined => {
    if (!negatives) return undefined;
    const images = tf.tile(negatives.images, [copies, 1, 1, 1]) as tf.Tensor4D;
    return applyViews([pipelines[0]!], images, negatives.drawn)[0];
  };

  const gradients: StepFunctions["gradients"] = ({ params, state }, input) => {
    const pixels = tf.div(tf.cast(input.images, "float32"), 255) as tf.Tensor4D;
    const labels = input.labels as tf.Tensor1D;
    const batch = {
      views: scope("views", () => applyViews(pipelines, pixels, input.drawn)),
      labels,
      targets: changesLabels(pipelines)
        ? applyLabels(pipelines, oneHot(labels, classes), input.drawn)
        : undefined,
      negatives: negativesOf(input),
      inputs: input.scalars,
    };
    const differentiate = valueAndGrad((trained: Tree<tf.Tensor>) => {
      const result = method.loss({ params: overlay(params, trained), state }, batch);
      const metrics = { ...spreadOf(result.embedding), ...result.metrics };
      const kept = frozen ? overlay(result.state, chosen(state, frozen)) : result.state;
      return { loss: result.loss, aux: { state: kept, metrics } };
    });
    const { loss, grads, aux } = differentiate(chosen(params, moves));
    return { grads, state: aux.state, metrics: { loss, ...aux.metrics } };
  };

  const update: StepFunctions["update"] = ({ params, state, optimiser: slots }, grads, scalars) => {
    const clipped = clipNorm === undefined ? undefined : clipByGlobalNorm(grads, clipNorm);
    const updated = optimiser.update(chosen(params, moves), clipped?.grads ?? grads, slots, scalars.lr);
    const variables = { params: overlay(params, updated.params), state };
    return {
      state: {
        params: variables.params,
        state: method.afterUpdate?.(variables, scalars) ?? state,
        optimiser: updated.state,
      },
      metrics: clipped ? { gradNorm: clipped.norm } : {},
    };
  };

  const step: StepFunctions["step"] = (state, input) => {
    const { grads, state: next, metrics } = gradients(state, input);
    const updated = update({ ...state, state: next }, grads, input.scalars);
    return { state: updated.state, metrics: { ...metrics, ...updated.metrics } };
  };

  return { gradients, update, step };
}

/** `sums` and `share` times `grads`, leaf by leaf. */
export function addShare(sums: Tree<tf.Tensor>, grads: Tree<tf.Tensor>, share: number): Tree<tf.Tensor> {
  return zipTrees<tf.Tensor, tf.Tensor>([sums, grads], ([sum, grad]) => tf.add(sum!, tf.mul(grad!, share)));
}
