/**
 * Builds an ONNX model from a graph. It remembers under which name each value lies in which layout, converts on demand
 * (each conversion once), shares constants, and calls for each node the rule of its kernel from a table. Lowerings for
 * other hardware replace rows of the table and the image layout; the rest they share.
 */
import { CompileError, formatShape } from "../../support/errors.js";
import {
  constantData,
  type DType,
  type Graph,
  type Node,
  repeatedValue,
  type Value,
} from "../graph/graph.js";
import { channelsFirst, type ImageLayout } from "./layout.js";
import {
  type OnnxAttribute,
  type OnnxInitializer,
  type OnnxModel,
  type OnnxNode,
  type OnnxType,
  skippedKey,
} from "./onnx.js";

export type NodeRule = (lowering: Lowering, node: Node) => void;

/** Kernels' rules by name. */
export type LoweringTable = { readonly [kernel: string]: NodeRule };

export interface Target {
  readonly name: string;
  /** The layout in which convolutions leave their results. */
  readonly layout: ImageLayout;
  readonly rules: LoweringTable;
  /** Channels in a block, for targets whose layout has blocks; a model is right only where the runtime has the same. */
  readonly block?: number;
  /** Optimisers of ONNX Runtime that are not for its programs. */
  readonly skippedOptimisers?: readonly string[];
  /** Rewrites the simplified graph into operations that only this target has. */
  readonly prepare?: (graph: Graph) => Graph;
}

export interface EmitOptions {
  readonly domain?: string;
  readonly outputs?: number;
}

export class Lowering {
  readonly target: Target;
  readonly graph: Graph;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxInitializer[] = [];
  readonly #shared = new Map<string, string>();
  /** By value: the name of each layout's copy; undefined is plain. */
  readonly #names = new Map<Value, Map<ImageLayout | undefined, string>>();
  readonly #forms = new Map<Value, Map<string, string>>();
  /** By name: the node that makes it, for names that are not the program's own. */
  readonly #made = new Map<string, number>();
  #scope = "";
  #next = 0;

  constructor(graph: Graph, target: Target) {
    this.graph = graph;
    this.target = target;
  }

  /** The model of the whole graph; inputs are called i0, i1, …, outputs o0, o1, … */
  model(): OnnxModel {
    const { graph } = this;
    const inputs = graph.inputs.map((value, i) => {
      this.set(value, `i${i}`);
      return { name: `i${i}`, type: value.dtype, shape: value.shape };
    });
    for (const node of graph.nodes) {
      if (node.op === "Constant") continue;
      const rule = this.target.rules[node.op];
      if (!rule) {
        const types = node.inputs.map((input) => `${input.dtype} ${formatShape(input.shape)}`).join(", ");
        throw new CompileError(
          `kernel ${node.op}(${types}): it has no ${this.target.name} lowering; CONTRIBUTING.md says how to add an operation`,
        );
      }
      this.#scope = node.scope;
      rule(this, node);
    }
    this.#scope = "outputs";
    const outputs = graph.outputs.map((value, i) => {
      this.#output(this.plain(value), `o${i}`);
      return { name: `o${i}`, type: value.dtype, shape: value.shape };
    });
    const skipped = [
      ...(this.target.skippedOptimisers ?? []),
      // It takes barriers for reshapes.
      ...(graph.nodes.some(({ op }) => op === "Barrier") ? ["ReshapeFusion"] : []),
    ];
    const opsets = { "": 18, "com.microsoft": 1, "com.microsoft.nchwc": 1 };
    return {
      name: graph.name,
      inputs,
      outputs,
      initializers: this.#initializers,
      nodes: this.#nodes,
      opsets,
      metadata: {
        "jessl.lowering": this.target.name,
        ...(this.target.block && { "jessl.block": String(this.target.block) }),
        ...(skipped.length > 0 && { [skippedKey]: skipped.join(";") }),
      },
    };
  }

  // What a node makes gets the output's name; inputs, constants and what is an output already are copied.
  #output(name: string, output: string): void {
    const made = this.#made.get(name);
    if (made === undefined) {
      this.#push("Identity", [name], [output]);
      return;
    }
    const renamed = (names: readonly string[]): string[] => names.map((n) => (n === name ? output : n));
    this.#made.delete(name);
    for (let i = made; i < this.#nodes.length; i++) {
      const node = this.#nodes[i]!;
      if (!node.inputs.includes(name) && !node.outputs.includes(name)) continue;
      this.#nodes[i] = { ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) };
    }
    for (const names of this.#names.values())
      for (const [layout, known] of names) if (known === name) names.set(layout, output);
  }

  #push(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: OnnxNode["attributes"],
    domain?: string,
  ): void {
    for (const output of outputs) this.#made.set(output, this.#nodes.length);
    this.#nodes.push({
      op,
      inputs,
      outputs,
      name: `${this.#scope}/${op}_${this.#nodes.length}`,
      ...(attributes && { attributes }),
      ...(domain && { domain }),
    });
  }

  /** Emits one ONNX node and returns the names of its outputs. */
  emitAll(
    op: string,
    inputs: readonly string[],
    attributes?: { readonly [name: string]: OnnxAttribute },
    options: EmitOptions = {},
  ): string[] {
    const outputs = Array.from({ length: options.outputs ?? 1 }, () => `t${this.#next++}`);
    this.#push(op, inputs, outputs, attributes, options.domain);
    return outputs;
  }

  /** Emits one ONNX node and returns the name of its first output. */
  emit(
    op: string,
    inputs: readonly string[],
    attributes?: { readonly [name: string]: OnnxAttribute },
    options?: EmitOptions,
  ): string {
    return this.emitAll(op, inputs, attributes, options)[0]!;
  }

  transpose(name: string, perm: readonly number[]): string {
    return this.emit("Transpose", [name], { perm: { ints: perm } });
  }

  reshape(name: string, shape: readonly number[]): string {
    return this.emit("Reshape", [name, this.ints(shape)]);
  }

  cast(name: string, type: "float32" | "float16" | "int32" | "int64" | "bool"): string {
    const code = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 }[type];
    return this.emit("Cast", [name], { to: { i: code } });
  }

  /** Numbers known now, of any type, shared between nodes that want the same. */
  numbers(type: OnnxType, shape: readonly number[], data: OnnxInitializer["data"]): string {
    const key =
      data.length <= 64
        ? `${type} ${shape} ${Array.from(data as ArrayLike<number | bigint>, (x) => (Object.is(x, -0) ? "-0" : x))}`
        : undefined;
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known !== undefined) return known;
    const name = `c${this.#initializers.length}`;
    this.#initializers.push({ name, type, shape, data });
    if (key !== undefined) this.#shared.set(key, name);
    return name;
  }

  /** A list of int64, as shapes, axes and pads are. */
  ints(values: readonly number[]): string {
    return this.numbers("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A scalar of the given type. */
  scalar(value: number, type: DType | "int64" = "float32"): string {
    if (type === "float32") return this.numbers(type, [], Float32Array.of(value));
    if (type === "int32") return this.numbers(type, [], Int32Array.of(value));
    if (type === "int64") return this.numbers(type, [], BigInt64Array.of(BigInt(value)));
    return this.numbers(type, [], Uint8Array.of(value));
  }

  /** Declares that a value lies under `name`, in the given layout or plain. */
  set(value: Value, name: string, layout?: ImageLayout): void {
    let names = this.#names.get(value);
    if (!names) {
      names = new Map();
      this.#names.set(value, names);
    }
    names.set(layout, name);
  }

  /** In which layout images of this shape [N, H, W, C] lie: the target's, or channels first where it has none for them. */
  layoutOf(shape: readonly number[]): ImageLayout {
    return this.target.layout.accepts(shape) ? this.target.layout : channelsFirst;
  }

  /**
   * Whether a value already lies in the layout of images. One that repeats another does where that one does: sums over
   * its elements are then taken in the same order.
   */
  inLayout(value: Value): boolean {
    if (this.#names.get(value)?.has(this.layoutOf(value.shape))) return true;
    const first = repeatedValue(value);
    return first !== undefined && this.inLayout(first);
  }

  /** The name of a value's plain form. */
  plain(value: Value): string {
    const names = this.#names.get(value);
    const known = names?.get(undefined);
    if (known !== undefined) return known;
    const [elsewhere] = names ?? [];
    let name: string;
    if (elsewhere) name = elsewhere[0]!.toPlain(this, elsewhere[1], value.shape, value.dtype);
    else {
      const data = constantData(value);
      if (!data)
        throw new CompileError(
          `value ${value.id} (${value.node?.op}): expected it to be computed before its use`,
        );
      name = this.#constant(value, data);
    }
    this.set(value, name);
    return name;
  }

  // A large array of one number costs memory for nothing: broadcast a scalar instead.
  #constant(value: Value, data: NonNullable<ReturnType<typeof constantData>>): string {
    if (typeof value.node?.constant === "number" && data.length > 1024)
      return this.emit("Expand", [this.scalar(value.node.constant, value.dtype), this.ints(value.shape)]);
    return this.numbers(value.dtype, value.shape, data);
  }

  /** The name of a value's further form, such as a filter's transpose, made at its first use. */
  form(value: Value, form: string, make: () => string): string {
    let forms = this.#forms.get(value);
    if (!forms) {
      forms = new Map();
      this.#forms.set(value, forms);
    }
    const name = forms.get(form) ?? make();
    forms.set(form, name);
    return name;
  }

  /** The name of an image tensor's form in a layout, by default that of images of its shape. */
  image(value: Value, layout = this.layoutOf(value.shape)): string {
    const names = this.#names.get(value);
    const known = names?.get(layout);
    if (known !== undefined) return known;
    const name =
      this.#direct(value, layout, names) ??
      layout.fromPlain(this, this.plain(value), value.shape, value.dtype);
    this.set(value, name, layout);
    return name;
  }

  // From one layout to the other, where plain would be a detour.
  #direct(value: Value, layout: ImageLayout, names: Map<ImageLayout | undefined, string> | undefined) {
    if (!names || names.has(undefined)) return undefined;
    for (const [from, name] of names) {
      const direct =
        layout === channelsFirst
          ? from?.toChannelsFirst?.(this, name, value.shape, value.dtype)
          : from === channelsFirst
            ? layout.fromChannelsFirst?.(this, name, value.dtype)
            : undefined;
      if (direct !== undefined) return direct;
    }
    return undefined;
  }
}
