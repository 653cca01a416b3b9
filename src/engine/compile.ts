/**
 * From a function to a model for a device, in four steps: it is traced, its graph is simplified, put into mixed precision
 * where that is asked for, and lowered to ONNX.
 */
import type { FlatArguments } from "./arguments.js";
import type { AnyFunction } from "./eager.js";
import type { Graph } from "./graph/graph.js";
import { updateLast } from "./graph/passes/in-place.js";
import { optimise } from "./graph/passes/index.js";
import { mixedPrecision } from "./graph/passes/mixed.js";
import { recompute } from "./graph/passes/recompute.js";
import { Lowering } from "./lower/lowering.js";
import { encodeModel, type OnnxModel } from "./lower/onnx.js";
import type { Device } from "./run/device.js";
import { trace } from "./trace/trace.js";
import type { TreeDefinition } from "./tree.js";

/** How long a compilation took, in milliseconds, and what came of it. */
export interface CompileReport {
  readonly name: string;
  readonly traceMs: number;
  readonly passesMs: number;
  readonly lowerMs: number;
  readonly sessionMs: number;
  /** Whether ONNX Runtime's part was found on disk. */
  readonly cached: boolean;
  readonly recordedNodes: number;
  readonly nodes: number;
  readonly onnxNodes: number;
  readonly modelBytes: number;
}

export interface Traced {
  /** The simplified graph. */
  readonly graph: Graph;
  readonly result: TreeDefinition;
  readonly report: Pick<CompileReport, "name" | "traceMs" | "passesMs" | "recordedNodes" | "nodes">;
}

/** The simplified graph of a function. @throws TraceError, CompileError */
export function traceProgram(name: string, fn: AnyFunction, args: FlatArguments): Traced {
  const start = performance.now();
  const { graph, result } = trace(name, fn, args.definition, args.types);
  const middle = performance.now();
  const simple = optimise(graph);
  const times = { traceMs: middle - start, passesMs: performance.now() - middle };
  const counts = { recordedNodes: graph.nodes.length, nodes: simple.nodes.length };
  return { graph: simple, result, report: { name, ...times, ...counts } };
}

export interface Lowered {
  readonly model: OnnxModel;
  readonly bytes: Uint8Array;
  readonly report: Pick<CompileReport, "lowerMs" | "onnxNodes" | "modelBytes">;
}

/** How a graph is lowered. */
export interface LoweringOptions {
  /** Scopes whose products stay float32 where the device has mixed precision. */
  readonly float32Scopes: readonly string[];
  /** Whether activations of blocks are computed again in the backward pass. */
  readonly recompute?: boolean | undefined;
  /** Places of inputs over which results may be written, where the device does that. */
  readonly donated?: ReadonlySet<number> | undefined;
}

/** The model of a graph for a device. */
export function lowerProgram(
  graph: Graph,
  { target, mixed, name }: Device,
  options: LoweringOptions,
): Lowered {
  const start = performance.now();
  const { float32Scopes, donated } = options;
  const precise = mixed ? mixedPrecision(graph, { ...mixed, float32Scopes }) : graph;
  const prepared = target.prepare?.(precise) ?? precise;
  // After all that rewrites: what is computed again are the same operations, so that not a bit of a result changes.
  const again = options.recompute ? recompute(prepared) : prepared;
  const final = donated && name === "cpu" ? updateLast(again, donated) : again;
  const model = new Lowering(final, target).model();
  const bytes = encodeModel(model);
  const lowerMs = performance.now() - start;
  return { model, bytes, report: { lowerMs, onnxNodes: model.nodes.length, modelBytes: bytes.length } };
}
