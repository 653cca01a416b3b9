/**
 * The projector: an MLP between representation and loss, written as its widths, `512-128`. Linear, batch norm and ReLU,
 * the last layer linear without bias. Source: FFCV-SSL, `mlp_spec` with its options `proj_relu`, `mlp_coeff` and
 * `remove_head` (an empty text).
 */
import { ConfigError } from "../support/errors.js";
import { batchNorm } from "./batch-norm.js";
import { type Layer, type LayerFactory, sequential } from "./layer.js";
import { linear, relu } from "./layers.js";

export interface ProjectorOptions {
  /** Whether a ReLU follows the last layer too; false by default. */
  readonly relu?: boolean;
  /** Multiplies the width of the last hidden layer, rounded down; 1 by default. A projector of one layer has none. */
  readonly coefficient?: number;
}

/** @param spec widths joined by `-`; an empty text gives the identity @param features length of the representation */
export function projector(
  spec: string,
  features: number,
  { relu: lastRelu = false, coefficient = 1 }: ProjectorOptions = {},
): Layer {
  if (spec !== "" && !/^\d+(-\d+)*$/.test(spec))
    throw new ConfigError(`projector: expected widths such as 512-128, got ${spec}`);
  const widths = spec === "" ? [] : spec.split("-").map(Number);
  if (widths.length > 1) widths[widths.length - 2] = Math.floor(widths.at(-2)! * coefficient);
  if (widths.some((width) => width < 1))
    throw new ConfigError(`projector: expected widths of 1 or more, got ${widths.join("-")}`);
  const parts: [string, LayerFactory][] = widths.flatMap((width, i): [string, LayerFactory][] => {
    const last = i + 1 === widths.length;
    return [
      [`linear${i + 1}`, linear(width, { bias: !last })],
      ...(last ? [] : [[`norm${i + 1}`, batchNorm()] as [string, LayerFactory]]),
      ...(last && !lastRelu ? [] : [[`relu${i + 1}`, relu()] as [string, LayerFactory]]),
    ];
  });
  return sequential([features], Object.fromEntries(parts));
}
