/** A training step with a scaled loss, for mixed precision (see loss-scale.ts). */
import { tf } from "../engine/tf.js";
import { keepUnless, type LossScaleOptions, nextLossScale, unscale } from "./loss-scale.js";
import type { StepFunctions, TrainState } from "./step.js";

/** `functions` with the loss scaled by the state's `lossScale`; steps that overflow change nothing but that. */
export function scaledStep(functions: StepFunctions, options: LossScaleOptions): StepFunctions {
  const { gradients } = functions;
  const update: StepFunctions["update"] = ({ lossScale, ...now }, { method, probes }, scalars, before) => {
    const { grads, finite } = unscale(method, lossScale!.scale);
    const next = functions.update(now, { method: grads, probes }, scalars);
    const old: TrainState<tf.Tensor> = { ...now, state: before ?? now.state };
    const skipped = tf.cast(tf.logicalNot(finite), "float32");
    return {
      state: {
        ...keepUnless(finite, old, next.state),
        lossScale: nextLossScale(lossScale!, finite, options),
      },
      metrics: { ...next.metrics, lossScale: lossScale!.scale, skipped },
    };
  };
  const step: StepFunctions["step"] = (state, input) => {
    const variables = { ...state, probes: state.probes?.params };
    const { grads, state: next, metrics } = gradients(variables, input, state.lossScale!.scale);
    const updated = update({ ...state, state: next }, grads, input.scalars, state.state);
    return { state: updated.state, metrics: { ...metrics, ...updated.metrics } };
  };
  return { gradients, update, step };
}
