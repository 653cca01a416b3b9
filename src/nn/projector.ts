/**
 * The projector: an MLP between representation and loss, written as its widths, `512-128`. Linear, batch norm and ReLU,
 * the last layer linear without bias. Source: FFCV-SSL, `mlp_spec`.
 */
import { ConfigError } from "../support/errors.js";
import { batchNorm } from "./batch-norm.js";
import { type Layer, type LayerFactory, sequential } from "./layer.js";
import { linear, relu } from "./layers.js";

/** @param spec widths joined by `-`; an empty text gives the identity @param features length of the representation */
export function projector(spec: string, features: number): Layer {
  if (spec !== "" && !/^\d+(-\d+)*$/.test(spec))
    throw new ConfigError(`projector: expected widths such as 512-128, got ${spec}`);
  const widths = spec === "" ? [] : spec.split("-").map(Number);
  const parts: [string, LayerFactory][] = widths.flatMap((width, i): [string, LayerFactory][] =>
    i + 1 === widths.length
      ? [[`linear${i + 1}`, linear(width, { bias: false })]]
      : [
          [`linear${i + 1}`, linear(width)],
          [`norm${i + 1}`, batchNorm()],
          [`relu${i + 1}`, relu()],
        ],
  );
  return sequential([features], Object.fromEntries(parts));
}
