/**
 * Mixed precision: convolutions, matrix products and their gradients compute in float16, between casts; all else stays
 * as it is, float32. So sums over the batch and its pixels (batch norm's statistics), softmax, logsumexp, losses and
 * optimisers keep their digits, and weights are float32 that a step rounds once for all their uses.
 *
 * A value that goes from one product to the next by way of reshapes and transposes alone is not widened in between.
 */
import { sizeOf } from "../../host.js";
import type { Graph, Value } from "../graph.js";
import { type Draft, type Emit, type Rule, removeDeadCode, rewrite } from "./rewrite.js";

export interface MixedOptions {
  /** Names of scopes whose products stay float32, such as `loss`; their gradients do too. */
  readonly float32Scopes?: readonly string[];
  /**
   * Products that sum over more terms than this stay float32, for devices that add up in float16: a sum that has grown
   * to 2048 times its terms no longer sees them.
   */
  readonly longestSum?: number;
}

/** How many terms each element of a product's result is the sum of. */
const terms: { readonly [op: string]: (draft: Draft) => number } = {
  BatchMatMul: ({ inputs: [a], attributes }) => a!.shape.at(attributes.transposeA ? -2 : -1)!,
  Conv2D: ({ inputs: [, filter] }) => sizeOf(filter!.shape.slice(0, 3)),
  Conv2DBackpropInput: ({ inputs: [, filter] }) => sizeOf(filter!.shape) / filter!.shape[2]!,
  Conv2DBackpropFilter: ({ inputs: [, dy] }) => sizeOf(dy!.shape.slice(0, 3)),
  DepthwiseConv2dNative: ({ inputs: [, filter] }) => sizeOf(filter!.shape.slice(0, 2)),
  DepthwiseConv2dNativeBackpropInput: ({ inputs: [, filter] }) => sizeOf(filter!.shape) / filter!.shape[2]!,
  DepthwiseConv2dNativeBackpropFilter: ({ inputs: [, dy] }) => sizeOf(dy!.shape.slice(0, 3)),
};

/** The operations that mixed precision computes in float16. */
export const halvedOperations: readonly string[] = Object.keys(terms);

const moving = new Set(["Reshape", "Transpose"]);

/** The float16 value that a float32 one is the exact copy of, moved as that was. */
function narrow(x: Value, emit: Emit): Value | undefined {
  const { node } = x;
  if (node?.op !== "Cast" && !moving.has(node?.op ?? "")) return undefined;
  const [source] = node!.inputs as [Value];
  if (node!.op === "Cast") return source.dtype === "float16" ? source : undefined;
  const moved = narrow(source, emit);
  return moved && emit(node!.op, [moved], node!.attributes, { shape: x.shape, dtype: "float16" });
}

/** Rounding a value that was widened, and since then only moved, gives what it was widened from. */
const withoutDetour: Rule = ({ op, inputs: [x], outputs: [output] }, emit) =>
  op === "Cast" && output!.dtype === "float16" ? narrow(x!, emit) : undefined;

/** The graph with its products in float16. */
export function mixedPrecision(graph: Graph, { float32Scopes = [], longestSum }: MixedOptions = {}): Graph {
  const kept = new Set(float32Scopes);
  const halve: Rule = (draft, emit) => {
    const { op, inputs, attributes, outputs, scope } = draft;
    const [output] = outputs;
    const sum = terms[op]?.(draft);
    if (sum === undefined || output!.dtype !== "float32" || sum > (longestSum ?? sum)) return undefined;
    if (scope.split("/").some((name) => kept.has(name))) return undefined;
    const operands = inputs.map((x) => emit("Cast", [x], {}, { shape: x.shape, dtype: "float16" }));
    const product = emit(op, operands, attributes, { shape: output!.shape, dtype: "float16" });
    return emit("Cast", [product], {}, output!);
  };
  return removeDeadCode(rewrite(graph, [withoutDetour, halve]));
}
