/**
 * How a kernel records itself. A kernel is a rule: from the values and attributes that TensorFlow.js hands over, it
 * says in which order the inputs stand, which attributes remain (normalised: pads as numbers, axes as a list of
 * non-negative numbers) and what the outputs are. A kernel of TensorFlow.js without a rule is an error with its name.
 */
import { CompileError, formatShape, TraceError } from "../../support/errors.js";
import type { Attributes, Value, ValueType } from "../graph/graph.js";
import { tf } from "../tf.js";
import { traceBackend, traceBackendName } from "./backend.js";

/** What a rule answers: one node, or a value that needs none (a constant). */
export type Recorded =
  | {
      readonly inputs: readonly Value[];
      readonly attributes: Attributes;
      readonly outputs: readonly ValueType[];
      readonly op?: string;
    }
  | { readonly value: Value };

/** Attributes as the kernel gets them; each rule reads the ones that its kernel has. */
// biome-ignore lint/suspicious/noExplicitAny: TensorFlow.js types kernel attributes per kernel, and only inside its own files
export type KernelAttributes = { readonly [name: string]: any };

export type Rule = (inputs: { readonly [name: string]: Value }, attributes: KernelAttributes) => Recorded;

const defined = new Set<string>();

/** The kernels that give a list, be it of one tensor. */
const lists = new Set(["SplitV", "Unpack"]);

function toInfo(value: Value): tf.TensorInfo {
  return { dataId: traceBackend.dataId(value), shape: [...value.shape], dtype: value.dtype as tf.DataType };
}

/** Registers the rule of a kernel for the symbolic backend. */
export function define(kernelName: string, rule: Rule): void {
  defined.add(kernelName);
  tf.registerKernel({
    kernelName,
    backendName: traceBackendName,
    kernelFunc: ({ inputs, attrs }) => {
      const values: { [name: string]: Value } = {};
      for (const [name, tensor] of Object.entries(inputs))
        if (tensor) values[name] = traceBackend.value(tensor as tf.TensorInfo, kernelName);
      const builder = traceBackend.recording();
      const recorded = rule(values, (attrs ?? {}) as KernelAttributes);
      if ("value" in recorded) return toInfo(recorded.value);
      const node = builder.add(
        recorded.op ?? kernelName,
        recorded.inputs,
        recorded.attributes,
        recorded.outputs,
      );
      return node.outputs.length === 1 && !lists.has(kernelName)
        ? toInfo(node.outputs[0]!)
        : node.outputs.map(toInfo);
    },
  });
}

/**
 * Registers a kernel that is recorded as other kernels: `program` computes it with TensorFlow.js operations. Inside a
 * kernel the engine records no gradients, so the kernel's own gradient stays in force.
 */
export function compose(
  kernelName: string,
  program: (
    inputs: { readonly [name: string]: tf.Tensor },
    attributes: KernelAttributes,
  ) => tf.Tensor | tf.Tensor[],
): void {
  defined.add(kernelName);
  tf.registerKernel({
    kernelName,
    backendName: traceBackendName,
    kernelFunc: ({ inputs, attrs }) => {
      const tensors: { [name: string]: tf.Tensor } = {};
      for (const [name, tensor] of Object.entries(inputs))
        if (tensor)
          tensors[name] = traceBackend.tensor(traceBackend.value(tensor as tf.TensorInfo, kernelName));
      return program(tensors, (attrs ?? {}) as KernelAttributes);
    },
  });
}

/** The kernels that can be traced. */
export function tracedKernels(): string[] {
  return [...defined].sort();
}

const randomKernels = new Set(["Multinomial", "RandomUniform", "RandomNormal"]);

/** Gives every kernel name that TensorFlow.js knows and no rule defines an error that says so. */
export function refuseOtherKernels(): void {
  const known = tf.getKernelsForBackend("cpu").map(({ kernelName }) => kernelName);
  for (const kernelName of known) {
    if (defined.has(kernelName)) continue;
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs }) => {
        const shapes = Object.entries(inputs).map(
          ([name, tensor]) => `${name} ${formatShape((tensor as tf.TensorInfo).shape)}`,
        );
        if (randomKernels.has(kernelName))
          throw new TraceError(
            `${kernelName}(${shapes.join(", ")}): random draws cannot be compiled; draw outside and pass the numbers`,
          );
        throw new CompileError(
          `kernel ${kernelName}(${shapes.join(", ")}): it has no rule in src/engine/trace/kernels; CONTRIBUTING.md says how to add an operation`,
        );
      },
    });
  }
}

/** One output of the given type from the inputs in this order. */
export function record(
  inputs: readonly Value[],
  output: ValueType,
  attributes: Attributes = {},
  op?: string,
): Recorded {
  return op === undefined
    ? { inputs, attributes, outputs: [output] }
    : { inputs, attributes, outputs: [output], op };
}

/** Axes as a sorted list of numbers from 0; all of them when none are given. */
export function normaliseAxes(axis: number | readonly number[] | null | undefined, rank: number): number[] {
  const list =
    axis === null || axis === undefined ? Array.from({ length: rank }, (_, i) => i) : [axis].flat();
  return (list as number[]).map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b);
}
