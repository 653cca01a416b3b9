/**
 * An encoder for images of several sizes, as multi-crop views and the resolution ramp have: the layer for each size is
 * made when it is met, and all share one set of parameters.
 */
import { flatten } from "../engine/tree.js";
import type { Layer } from "../nn/layer.js";
import { ConfigError, formatShape } from "../support/errors.js";

/** The parameters' and statistics' shapes, as text. */
function signature(layer: Layer): string {
  const { params, state } = layer.init([0, 0]);
  return flatten([params, state])
    .leaves.map(({ shape }) => formatShape(shape))
    .join(" ");
}

/**
 * @param create the encoder for images of a shape
 * @param shape [height, width, channels] of the first size; its layer makes the initial parameters
 * @throws ConfigError, when applied, where another size would need other parameters
 */
export function anySize(create: (shape: readonly number[]) => Layer, shape: readonly number[]): Layer {
  const base = create(shape);
  const layers = new Map([[formatShape(shape), base]]);
  const layerFor = (wanted: readonly number[]): Layer => {
    const known = layers.get(formatShape(wanted));
    if (known) return known;
    const layer = create(wanted);
    if (signature(layer) !== signature(base))
      throw new ConfigError(
        `encoder: expected one whose parameters fit images of ${formatShape(shape)} and of ${formatShape(wanted)}; this one's size is fixed`,
      );
    layers.set(formatShape(wanted), layer);
    return layer;
  };
  return {
    ...base,
    apply: (variables, x, training) => layerFor(x.shape.slice(1)).apply(variables, x, training),
  };
}
