/**
 * The driver of the passes that rewrite nodes. It walks a graph once, in order, and rebuilds it: each node, its inputs
 * already rewritten, is offered to the rules; where none has an answer, an equal node that stands already is used
 * again (common subexpressions), and only then a node is added. Rules emit through the same path, so that what they
 * make is simplified too. Nodes without a use remain; `removeDeadCode` comes after.
 */

import type { TensorData } from "../../host.js";
import {
  type Attributes,
  ancestorsOf,
  type Graph,
  GraphBuilder,
  type Origin,
  type Value,
  type ValueType,
} from "../graph.js";

/** A node that does not stand yet. */
export interface Draft extends Origin {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly ValueType[];
}

/** Makes nodes in the scope of the node that is being rewritten. */
export interface Emit {
  /** The value of an operation with one output. */
  (op: string, inputs: readonly Value[], attributes: Attributes, output: ValueType): Value;
  constant(data: TensorData | number, type: ValueType): Value;
}

/** The values that stand for the draft's outputs, or undefined where the rule has nothing to say. */
export type Rule = (draft: Draft, emit: Emit) => Value | readonly Value[] | undefined;

/** Attributes as text. JSON writes null for ±Infinity and NaN, and 0 for −0. */
const attributesKey = (attributes: Attributes): string =>
  JSON.stringify(attributes, (_, value: unknown) =>
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
      ? `number ${Object.is(value, -0) ? "-0" : value}`
      : value,
  );

// Larger constants are equal only when they are the same array.
const comparedElements = 4096;

/** Equal texts for equal constants. */
class ConstantKeys {
  #arrays = new WeakMap<object, number>();
  #next = 0;

  key(constant: TensorData | number, { shape, dtype }: ValueType): string {
    const type = `${dtype}[${shape.join()}]`;
    if (typeof constant === "number") return `${type} all ${Object.is(constant, -0) ? "-0" : constant}`;
    if (constant.length <= comparedElements)
      return `${type} ${Buffer.from(constant.buffer, constant.byteOffset, constant.byteLength).toString("base64")}`;
    let id = this.#arrays.get(constant);
    if (id === undefined) {
      id = this.#next++;
      this.#arrays.set(constant, id);
    }
    return `${type} array ${id}`;
  }
}

/** The graph with the rules applied, and without repeated operations. */
export function rewrite(graph: Graph, rules: readonly Rule[]): Graph {
  const builder = new GraphBuilder();
  const constantKeys = new ConstantKeys();
  const standing = new Map<string, readonly Value[]>();
  const rewritten = new Map<Value, Value>();

  const addConstant = (data: TensorData | number, type: ValueType, origin: Origin): Value => {
    const value = builder.constant(data, type, origin);
    const key = constantKeys.key(value.node!.constant!, type);
    const known = standing.get(key);
    if (known) {
      builder.nodes.pop();
      return known[0]!;
    }
    standing.set(key, [value]);
    return value;
  };

  const place = (draft: Draft): readonly Value[] => {
    const emit: Emit = Object.assign(
      (op: string, inputs: readonly Value[], attributes: Attributes, output: ValueType) =>
        place({ op, inputs, attributes, outputs: [output], scope: draft.scope, block: draft.block })[0]!,
      { constant: (data: TensorData | number, type: ValueType) => addConstant(data, type, draft) },
    );
    for (const rule of rules) {
      const answer = rule(draft, emit);
      if (answer) return "id" in answer ? [answer] : answer;
    }
    const types = draft.outputs.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`).join();
    const inputs = draft.inputs.map(({ id }) => id).join();
    const key = `${draft.op}(${inputs})${attributesKey(draft.attributes)}:${types}`;
    let outputs = standing.get(key);
    if (!outputs) {
      outputs = builder.add(draft.op, draft.inputs, draft.attributes, draft.outputs, draft).outputs;
      standing.set(key, outputs);
    }
    return outputs;
  };

  for (const input of graph.inputs)
    rewritten.set(input, builder.input({ shape: input.shape, dtype: input.dtype }));
  for (const node of graph.nodes) {
    const types = node.outputs.map(({ shape, dtype }) => ({ shape, dtype }));
    const outputs =
      node.constant === undefined
        ? place({
            op: node.op,
            inputs: node.inputs.map((value) => rewritten.get(value)!),
            attributes: node.attributes,
            outputs: types,
            scope: node.scope,
            block: node.block,
          })
        : [addConstant(node.constant, types[0]!, node)];
    for (const [i, value] of node.outputs.entries()) rewritten.set(value, outputs[i]!);
  }
  return builder.finish(
    graph.name,
    graph.outputs.map((value) => rewritten.get(value)!),
  );
}

/** The graph without the nodes that no output needs. Inputs remain: they are the program's signature. */
export function removeDeadCode(graph: Graph): Graph {
  const live = ancestorsOf(graph.outputs.flatMap(({ node }) => node ?? []));
  return { ...graph, nodes: graph.nodes.filter((node) => live.has(node)) };
}
