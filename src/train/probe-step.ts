/**
 * The step of a run in which the probes alone train: encoder and projector stay as they are, batch norm in evaluation
 * mode, and the loss is the sum of the probes'.
 */
import type { Pipeline } from "../augment/views.js";
import { tf } from "../engine/tf.js";
import type { Layer } from "../nn/layer.js";
import type { Projector } from "../nn/projector.js";
import type { MethodState } from "./methods/method.js";
import type { Probes } from "./probes.js";
import { inOne, type StepFunctions, targetsOf, viewsOf } from "./step.js";

/** The representation, then what each layer of the projector gives, in evaluation mode. */
export function frozenLayers(
  { encoder, projector }: { readonly encoder: Layer; readonly projector: Projector },
  { params, state }: MethodState<tf.Tensor>,
  images: tf.Tensor4D,
): tf.Tensor2D[] {
  const representation = encoder.apply({ params: params.encoder, state: state.encoder }, images, false)
    .output as tf.Tensor2D;
  const projected = projector.apply(
    { params: params.projector, state: state.projector },
    representation,
    false,
  );
  return [representation, ...projected.layers];
}

export interface ProbeStepOptions {
  readonly networks: { readonly encoder: Layer; readonly projector: Projector };
  readonly probes: Probes;
  /** How many classes the labels have. */
  readonly classes: number;
  readonly pipelines: readonly Pipeline[];
}

export function createProbeStep(options: ProbeStepOptions): StepFunctions {
  const { networks, probes, classes, pipelines } = options;

  const gradients: StepFunctions["gradients"] = (variables, { images, labels, drawn }) => {
    const first = { images, labels, drawn: drawn.slice(0, 1) };
    const seen = viewsOf(pipelines.slice(0, 1), classes, first);
    const layers = frozenLayers(networks, variables, seen.views[0]!);
    const { grads, metrics } = probes.gradients(variables.probes, layers, targetsOf(seen));
    return {
      grads: { method: null, probes: grads },
      state: variables.state,
      metrics: { loss: tf.addN(Object.values(metrics)), ...metrics },
    };
  };

  const update: StepFunctions["update"] = (state, grads) => ({
    state: { ...state, probes: probes.update(state.probes!, grads.probes) },
    metrics: {},
  });

  return { gradients, update, step: inOne(gradients, update) };
}
