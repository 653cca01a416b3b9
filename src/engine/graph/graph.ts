/**
 * The intermediate representation: a program as a list of operations over values. Operations are TensorFlow.js kernels
 * by their own names ("Conv2D", "Add", …) with their attributes, so that one table says what each means; constants are
 * operations too. Nodes stand in an order in which they can run.
 */
import { groupPairs } from "../../support/group.js";
import { reachable } from "../../support/reachable.js";
import { sizeOf, type TensorData } from "../host.js";

/**
 * Element types inside a program. uint8 stands only at inputs, before the cast that makes it int32; float16 only between
 * casts, where mixed precision put it.
 */
export type DType = "float32" | "float16" | "int32" | "bool" | "uint8";

export type Attribute =
  | number
  | string
  | boolean
  | null
  | undefined
  | readonly number[]
  | readonly (readonly number[])[];
export type Attributes = { readonly [name: string]: Attribute };

export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The node that makes it; undefined for an input of the graph. */
  readonly node: Node | undefined;
  /** Which of the node's outputs it is. */
  readonly index: number;
}

/** Where in a program a node was recorded. */
export interface Origin {
  /** Such as `encoder/block1`; for people who read a profile. */
  readonly scope: string;
  /** Of nodes inside `recomputable`: which call of it. */
  readonly block?: number | undefined;
  /** Of a node that computes again what another one has computed. */
  readonly copyOf?: Node | undefined;
}

export interface Node extends Origin {
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  /** Only for "Constant": all its elements, or the one number that all of them are. */
  readonly constant?: TensorData | number;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

/** What is needed of an output before it exists. */
export interface ValueType {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Makes values and nodes, numbered in order; passes rebuild a graph with a fresh one. */
export class GraphBuilder {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  scope = "";
  readonly copyOf: undefined;
  /** The call of `recomputable` that what is recorded now belongs to. */
  block: number | undefined;
  #nextValue = 0;
  #nextNode = 0;
  #nextBlock = 0;

  input(type: ValueType): Value {
    const value: Value = { id: this.#nextValue++, ...type, node: undefined, index: this.inputs.length };
    this.inputs.push(value);
    return value;
  }

  /** Runs `fn`; what it records is one block. Blocks do not nest: the outer one counts. */
  inBlock<R>(fn: () => R): R {
    if (this.block !== undefined) return fn();
    this.block = this.#nextBlock++;
    try {
      return fn();
    } finally {
      this.block = undefined;
    }
  }

  /** Records an operation; the outputs' types are the caller's to know. */
  add(
    op: string,
    inputs: readonly Value[],
    attributes: Attributes,
    outputs: readonly ValueType[],
    { scope, block, copyOf }: Origin = this,
  ): Node {
    return this.#push({ op, inputs, attributes, scope, block, copyOf }, outputs);
  }

  /** A constant; an array whose elements are all equal is kept as that one number. */
  constant(data: TensorData | number, type: ValueType, { scope, block }: Origin = this): Value {
    const constant = typeof data === "number" ? data : (splatOf(data) ?? data);
    const fields = { op: "Constant", inputs: [], attributes: {}, scope, block, constant };
    return this.#push(fields, [type]).outputs[0]!;
  }

  finish(name: string, outputs: readonly Value[]): Graph {
    return { name, inputs: this.inputs, nodes: this.nodes, outputs };
  }

  #push(fields: Omit<Node, "id" | "outputs">, types: readonly ValueType[]): Node {
    const outputs: Value[] = [];
    const node: Node = { id: this.#nextNode++, ...fields, outputs };
    for (const [index, { shape, dtype }] of types.entries())
      outputs.push({ id: this.#nextValue++, shape, dtype, node, index });
    this.nodes.push(node);
    return node;
  }
}

/** The number that every element is, or undefined where they differ (0 differs from −0) or there is none. */
export function splatOf(data: TensorData): number | undefined {
  const first = data[0];
  if (first === undefined) return undefined;
  // Object.is is right for all numbers, === is faster and right for all but these two.
  if (first === 0 || Number.isNaN(first)) return data.every((x) => Object.is(x, first)) ? first : undefined;
  for (let i = 1; i < data.length; i++) if (data[i] !== first) return undefined;
  return first;
}

/** The one number that all elements of a constant value are, if it is such a constant. */
export function splatValue(value: Value): number | undefined {
  const constant = value.node?.constant;
  return typeof constant === "number" ? constant : undefined;
}

/** The value that another one repeats: what a barrier waits with, or what was computed before. */
export function repeatedValue({ node, index }: Value): Value | undefined {
  return node?.op === "Barrier" ? node.inputs[0] : node?.copyOf?.outputs[index];
}

/** All elements of a constant value, as an array; undefined for any other value. */
export function constantData(value: Value): TensorData | undefined {
  const constant = value.node?.constant;
  if (constant === undefined) return undefined;
  if (typeof constant !== "number") return constant;
  const size = sizeOf(value.shape);
  if (value.dtype === "float32") return new Float32Array(size).fill(constant);
  if (value.dtype === "int32") return new Int32Array(size).fill(constant);
  return new Uint8Array(size).fill(constant);
}

/** How many nodes use each value (an output of the graph counts as one use more). */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(use);
  graph.outputs.forEach(use);
  return uses;
}

/** The nodes that take each value, once for each time that they do. */
export function usersOf(graph: Graph): Map<Value, Node[]> {
  return groupPairs(graph.nodes.flatMap((node) => node.inputs.map((input) => [input, node] as const)));
}

/** The nodes that others are computed from, and these themselves. */
export function ancestorsOf(nodes: Iterable<Node>): Set<Node> {
  return reachable(nodes, ({ inputs }) => inputs.flatMap(({ node }) => node ?? []));
}
