/**
 * The projector: an MLP between representation and loss, written as its widths, `512-128`. Linear, batch norm and ReLU,
 * the last layer linear without bias. Source: FFCV-SSL, `mlp_spec` with its options `proj_relu`, `mlp_coeff` and
 * `remove_head` (an empty text).
 */
import type { tf } from "../engine/tf.js";
import { ConfigError } from "../support/errors.js";
import { batchNorm } from "./batch-norm.js";
import { type Applied, type Layer, type LayerFactory, sequential } from "./layer.js";
import { linear, relu } from "./layers.js";

/** Options of `projector`. */
export interface ProjectorOptions {
  /** Whether a ReLU follows the last layer too; false by default. */
  readonly relu?: boolean;
  /** Multiplies the width of the last hidden layer, rounded down; 1 by default. A projector of one layer has none. */
  readonly coefficient?: number;
}

/** An MLP whose layers can be looked at: each linear layer, with the batch norm and the ReLU that follow it. */
export interface Projector extends Layer {
  /** Of each layer. */
  readonly widths: readonly number[];
  /** As a layer's, with what each of its layers gave. */
  apply(...args: Parameters<Layer["apply"]>): Applied & {
    /** What each layer gave, [batch, width]; the last is the output. */
    readonly layers: readonly tf.Tensor2D[];
  };
}

/** The MLP of some widths. @param spec widths joined by `-`; an empty text gives the identity @param features length of the representation */
export function projector(
  spec: string,
  features: number,
  { relu: lastRelu = false, coefficient = 1 }: ProjectorOptions = {},
): Projector {
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
  const layers = sequential([features], Object.fromEntries(parts));
  const names = parts.map(([name]) => name);
  // A layer ends before the next linear one.
  const ends = names.filter((_, i) => names[i + 1]?.startsWith("linear") ?? true);
  return {
    ...layers,
    widths,
    apply(variables, x, training) {
      const applied = layers.apply(variables, x, training);
      return { ...applied, layers: ends.map((end) => applied.parts[end] as tf.Tensor2D) };
    },
  };
}
