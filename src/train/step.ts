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
import type { LossScale } from "./loss-scale.js";
import type { Method, MethodBatch, MethodState } from "./methods/method.js";
import { chosen, overlay, type PathFilter } from "./paths.js";
import type { Probes, ProbesState } from "./probes.js";

/** All that a training step changes. */
export interface TrainState<T> extends MethodState<T> {
  readonly optimiser: Tree<T>;
  /** Of the online probes, where there are some. */
  readonly probes?: ProbesState<T> | undefined;
  /** Only with mixed precision. */
  readonly lossScale?: LossScale<T>;
}

/** What a step takes beside the state. */
export interface StepInput<T> {
  /** uint8 [batch, height, width, channels]; with one crop a view, [batch, views, height, width, channels] */
  readonly images: T;
  /** int32 [batch] */
  readonly labels: T;
  readonly drawn: Drawn<T>;
  /** Images [count, height, width, channels] in 0 … 1 and what was drawn for views of them. */
  readonly negatives?: { readonly images: T; readonly drawn: Drawn<T> } | undefined;
  /** The learning rate, and what the method wants. */
  readonly scalars: { readonly lr: T; readonly [name: string]: T };
}

/** Numbers of a step by name, the loss among them. */
export type Scalars = { readonly loss: tf.Tensor; readonly [name: string]: tf.Tensor };

/** The state after a step, and what the step reports. */
export interface StepResult {
  readonly state: TrainState<tf.Tensor>;
  readonly metrics: Scalars;
}

/** By the parameters that train, and by those of the probes. */
export type Gradients<T> = { readonly method: Tree<T>; readonly probes: Tree<T> };

/** What the gradients depend on. */
export type StepVariables = MethodState<tf.Tensor> & { readonly probes: ProbesState<tf.Tensor>["params"] };

export interface StepFunctions {
  /**
   * The gradients of a batch, and the method's new state.
   * @param scale multiplies the method's loss before it is differentiated, not the one that is reported
   */
  gradients(
    variables: StepVariables,
    input: StepInput<tf.Tensor>,
    scale?: tf.Tensor,
  ): {
    readonly grads: Gradients<tf.Tensor>;
    readonly state: MethodState<tf.Tensor>["state"];
    readonly metrics: Scalars;
  };
  /**
   * The state after the optimisers' updates; `metrics` are what the update itself reports.
   * @param before the method's state before the batch, to go back to when the gradients of a scaled loss overflow
   */
  update(
    state: TrainState<tf.Tensor>,
    grads: Gradients<tf.Tensor>,
    scalars: StepInput<tf.Tensor>["scalars"],
    before?: MethodState<tf.Tensor>["state"],
  ): { readonly state: TrainState<tf.Tensor>; readonly metrics: { readonly [name: string]: tf.Tensor } };
  /** Both, one after the other. */
  step(state: TrainState<tf.Tensor>, input: StepInput<tf.Tensor>): StepResult;
}

export interface StepOptions {
  readonly method: Method;
  readonly optimiser: Optimiser;
  readonly pipelines: readonly Pipeline[];
  readonly probes?: Probes | undefined;
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
  const { method, optimiser, pipelines, probes, classes, copies, frozen, clipNorm } = options;
  const moves: PathFilter = (path) => !frozen?.(path);

  const negativesOf = ({ negatives }: StepInput<tf.Tensor>): tf.Tensor4D | undefined => {
    if (!negatives) return undefined;
    const images = tf.tile(negatives.images, [copies, 1, 1, 1]) as tf.Tensor4D;
    return applyViews([pipelines[0]!], images, negatives.drawn)[0];
  };

  const gradients: StepFunctions["gradients"] = ({ params, state, probes: probeParams }, input, scale) => {
    const seen = viewsOf(pipelines, classes, input);
    const batch = { ...seen, negatives: negativesOf(input), inputs: input.scalars };
    const differentiate = valueAndGrad((trained: Tree<tf.Tensor>) => {
      const result = method.loss({ params: overlay(params, trained), state }, batch);
      const spread = scope("loss", () => spreadOf(result.layers.at(-1)!));
      const metrics = { loss: result.loss, ...spread, ...result.metrics };
      const kept = frozen ? overlay(result.state, chosen(state, frozen)) : result.state;
      const loss = scale ? tf.mul(result.loss, scale) : result.loss;
      return { loss, aux: { state: kept, metrics, layers: result.layers } };
    });
    const { grads, aux } = differentiate(chosen(params, moves));
    // The layers come out of the differentiated function: no gradient of the probes can flow back into it.
    const probed = scope("probes", () =>
      probes?.gradients(probeParams, aux.layers as tf.Tensor2D[], targetsOf(seen)),
    );
    return {
      grads: { method: grads, probes: probed?.grads },
      state: aux.state,
      metrics: { ...aux.metrics, ...probed?.metrics },
    };
  };

  const update: StepFunctions["update"] = (before, { method: grads, probes: probeGrads }, scalars) => {
    const { params, state, optimiser: slots } = before;
    const clipped = clipNorm === undefined ? undefined : clipByGlobalNorm(grads, clipNorm);
    const updated = optimiser.update(chosen(params, moves), clipped?.grads ?? grads, slots, scalars.lr);
    const variables = { params: overlay(params, updated.params), state };
    return {
      state: {
        params: variables.params,
        state: method.afterUpdate?.(variables, scalars) ?? state,
        optimiser: updated.state,
        ...(probes && { probes: probes.update(before.probes!, probeGrads) }),
      },
      metrics: clipped ? { gradNorm: clipped.norm } : {},
    };
  };

  return { gradients, update, step: inOne(gradients, update) };
}

/** Gradients and update, one after the other. */
export function inOne(
  gradients: StepFunctions["gradients"],
  update: StepFunctions["update"],
): StepFunctions["step"] {
  return (state, input) => {
    const { grads, state: next, metrics } = gradients({ ...state, probes: state.probes?.params }, input);
    const updated = update({ ...state, state: next }, grads, input.scalars);
    return { state: updated.state, metrics: { ...metrics, ...updated.metrics } };
  };
}

type Seen = Pick<MethodBatch, "views" | "labels" | "targets">;

/** The views of a batch, and its labels as the views' augmentations leave them. */
export function viewsOf(
  pipelines: readonly Pipeline[],
  classes: number,
  input: Pick<StepInput<tf.Tensor>, "images" | "labels" | "drawn">,
): Seen {
  const pixels = tf.div(tf.cast(input.images, "float32"), 255);
  const makeViews = (): tf.Tensor4D[] =>
    pixels.rank === 4
      ? applyViews(pipelines, pixels as tf.Tensor4D, input.drawn)
      : pipelines.flatMap((pipeline, view) => {
          const [batch, , ...shape] = pixels.shape as [number, number, number, number, number];
          const crops = tf.slice(pixels, [0, view, 0, 0, 0], [batch, 1, ...shape]);
          return applyViews([pipeline], tf.reshape(crops, [batch, ...shape]), [input.drawn[view]!]);
        });
  const labels = input.labels as tf.Tensor1D;
  return {
    views: scope("views", makeViews),
    labels,
    targets: changesLabels(pipelines)
      ? applyLabels(pipelines, oneHot(labels, classes), input.drawn)
      : undefined,
  };
}

/** What a classifier of the first view should say. */
export function targetsOf({ labels, targets }: Seen): tf.Tensor1D | tf.Tensor2D {
  return targets?.[0] ?? labels;
}

/** `sums` and `share` times `grads`, leaf by leaf. */
export function addShare(
  sums: Gradients<tf.Tensor>,
  grads: Gradients<tf.Tensor>,
  share: number,
): Gradients<tf.Tensor> {
  return zipTrees<tf.Tensor, tf.Tensor>([sums, grads], ([sum, grad]) =>
    tf.add(sum!, tf.mul(grad!, share)),
  ) as Gradients<tf.Tensor>;
}
