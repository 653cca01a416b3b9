/** One network after the other, in training mode. */
import type { tf } from "../../engine/tf.js";
import type { Tree } from "../../engine/tree.js";
import type { Layer } from "../../nn/layer.js";
import type { MethodState } from "./method.js";

/**
 * The output of the last of `layers`, applied in order, and the new state of all of them (that of other networks is
 * kept). The names of the layers are those of their variables.
 */
export function forward(
  layers: Readonly<Record<string, Layer>>,
  { params, state }: MethodState<tf.Tensor>,
  x: tf.Tensor,
): { outputs: tf.Tensor; state: { [network: string]: Tree<tf.Tensor> } } {
  let outputs = x;
  const next = { ...state };
  for (const [name, layer] of Object.entries(layers)) {
    const applied = layer.apply({ params: params[name], state: state[name] }, outputs, true);
    outputs = applied.output;
    next[name] = applied.state;
  }
  return { outputs, state: next };
}
