/**
 * What the blocked target makes of a graph before lowering it: chains that scale and shift each channel, add another
 * image and end in a ReLU become one operation, and sums over all pixels of a product of two images another. Both are
 * one pass over memory in ONNX Runtime, where the chain would be one for each of its operations. These operations exist
 * only here:
 *
 * - `ChannelAffine(x, scale, shift, [addend])`: relu?(x·scale + shift + addend), scale and shift of shape [C];
 * - `ChannelDot(x, y)`: Σ over N, H and W of x·y, of shape [C];
 * - `Conv2D` and `Conv2DBackpropInput` with inputs beyond the filter, as the attributes `bias` and `addend` say, and `relu`.
 */
import {
  countUses,
  type Graph,
  GraphBuilder,
  type Node,
  type Origin,
  splatValue,
  type Value,
  type ValueType,
} from "../../graph/graph.js";
import { removeDeadCode } from "../../graph/passes/rewrite.js";
import { sameShape, sizeOf } from "../../host.js";

/** An image that is not computed yet: relu?(x·scale + shift + addend), where what is missing changes nothing. */
interface Affine {
  /** A value of the new graph, or a convolution of the old one that is still to be placed. */
  readonly x: Value | Node;
  readonly scale?: Value | undefined;
  readonly shift?: Value | undefined;
  readonly addend?: Value | undefined;
  readonly relu?: boolean;
  /** Where its last operation was recorded. */
  readonly origin: Origin;
}

/** Whether reducing over these axes leaves the channels. */
function leavesChannels(node: Node): boolean {
  const axes = node.attributes.axes as readonly number[];
  return node.inputs[0]!.shape.length === 4 && sameShape(axes, [0, 1, 2]);
}

/** What the target can do. */
export interface Fusible {
  /** Whether an image of this shape can lie in blocks. */
  image(shape: readonly number[]): boolean;
  /** Whether a convolution, or the input gradient of one, can take a bias, an addend and a ReLU along. */
  convolution(node: Node): boolean;
}

/** Takes chains apart and puts them together again as fused operations. */
class Fuser {
  readonly #builder = new GraphBuilder();
  readonly #graph: Graph;
  readonly #can: Fusible;
  readonly #uses: Map<Value, number>;
  /** By value of the old graph: the value of the new one, or what it would take to compute it. */
  readonly #made = new Map<Value, Value>();
  readonly #pending = new Map<Value, Affine>();
  /** Values of the new graph that come out of a convolution, or of operations on such. */
  readonly #images = new Set<Value>();

  constructor(graph: Graph, can: Fusible) {
    this.#graph = graph;
    this.#can = can;
    this.#uses = countUses(graph);
  }

  run(): Graph {
    const { inputs, nodes, outputs, name } = this.#graph;
    for (const input of inputs) this.#made.set(input, this.#builder.input(input));
    for (const node of nodes) this.#visit(node);
    return this.#builder.finish(
      name,
      outputs.map((value) => this.#value(value)),
    );
  }

  #visit(node: Node): void {
    const [output] = node.outputs;
    if (node.constant !== undefined) {
      this.#made.set(output!, this.#builder.constant(node.constant, output!, node));
      return;
    }
    const affine = this.#affine(node) ?? this.#convolution(node);
    if (affine) {
      this.#pending.set(output!, affine);
      return;
    }
    const dot = this.#dot(node);
    if (dot) {
      this.#made.set(output!, dot);
      return;
    }
    if (this.#isUnusedProduct(node)) return;
    const made = this.#builder.add(
      node.op,
      node.inputs.map((value) => this.#value(value)),
      node.attributes,
      node.outputs,
      node,
    );
    for (const [i, value] of node.outputs.entries()) {
      this.#made.set(value, made.outputs[i]!);
      if (this.#isImage(node, made)) this.#images.add(made.outputs[i]!);
    }
  }

  #isImage(node: Node, made: Node): boolean {
    const { shape, dtype } = node.outputs[0]!;
    if (dtype !== "float32" || !this.#can.image(shape)) return false;
    if (node.op === "Conv2D" || node.op === "Conv2DBackpropInput") return true;
    return made.inputs.some((input) => this.#images.has(input) && sameShape(input.shape, shape));
  }

  /** The value of the new graph; a pending one is computed now. */
  #value(old: Value): Value {
    const known = this.#made.get(old);
    if (known) return known;
    const affine = this.#pending.get(old);
    const value = affine ? this.#compute(affine, old) : this.#product(old);
    this.#made.set(old, value);
    return value;
  }

  #emit(op: string, inputs: readonly Value[], output: ValueType, origin: Origin): Value {
    return this.#builder.add(op, inputs, {}, [output], origin).outputs[0]!;
  }

  #compute({ x, scale, shift, addend, relu, origin }: Affine, { shape }: ValueType): Value {
    const type = { shape, dtype: "float32" as const };
    const channels = { shape: [shape[3]!], dtype: "float32" as const };
    const attributes = { addend: addend !== undefined, relu: relu ?? false };
    if ("op" in x) return this.#fusedConvolution(x, { scale, shift, addend }, attributes, origin);
    if (!scale && !shift && !relu)
      return addend ? this.#image(this.#emit("Add", [x, addend], type, origin)) : x;
    const inputs = [
      x,
      scale ?? this.#builder.constant(1, channels, origin),
      shift ?? this.#builder.constant(0, channels, origin),
      ...(addend ? [addend] : []),
    ];
    return this.#image(this.#builder.add("ChannelAffine", inputs, attributes, [type], origin).outputs[0]!);
  }

  #fusedConvolution(
    { op, inputs: [image, filter], attributes, outputs, scope, block }: Node,
    { scale, shift, addend }: Pick<Affine, "scale" | "shift" | "addend">,
    fused: { readonly addend: boolean; readonly relu: boolean },
    origin: Origin,
  ): Value {
    const plain = this.#value(filter!);
    const scaled = scale ? this.#emit("Multiply", [plain, scale], plain, origin) : plain;
    const inputs = [this.#value(image!), scaled, ...(shift ? [shift] : []), ...(addend ? [addend] : [])];
    const all =
      inputs.length > 2 || fused.relu ? { ...attributes, ...fused, bias: shift !== undefined } : attributes;
    return this.#image(this.#builder.add(op, inputs, all, outputs, { scope, block }).outputs[0]!);
  }

  /** A convolution whose only use may take it along. */
  #convolution(node: Node): Affine | undefined {
    const [output] = node.outputs;
    if (this.#uses.get(output!) !== 1 || !this.#can.convolution(node)) return undefined;
    return { x: node, origin: node };
  }

  #image(value: Value): Value {
    this.#images.add(value);
    return value;
  }

  /** A vector [C] that an operand is by its shape, in the new graph. */
  #vector(operand: Value, channels: number): Value | undefined {
    const { shape, dtype } = operand;
    if (dtype !== "float32" || sizeOf(shape) !== channels || shape.at(-1) !== channels) return undefined;
    const value = this.#value(operand);
    if (shape.length === 1) return value;
    return this.#builder.add("Reshape", [value], { shape: [channels] }, [{ shape: [channels], dtype }])
      .outputs[0]!;
  }

  /** An operand as the start of a chain: a pending one that nobody else wants, or an image. */
  #start(operand: Value, origin: Origin): Affine | undefined {
    const pending = this.#pending.get(operand);
    if (pending && !this.#made.has(operand) && this.#uses.get(operand) === 1 && !pending.relu)
      return { ...pending, origin };
    if (operand.dtype !== "float32" || !this.#can.image(operand.shape)) return undefined;
    if (pending) return { x: this.#value(operand), origin };
    const x = this.#made.get(operand);
    return x && this.#images.has(x) ? { x, origin } : undefined;
  }

  #affine(node: Node): Affine | undefined {
    const [output] = node.outputs;
    if (output?.dtype !== "float32" || !this.#can.image(output.shape)) return undefined;
    const [a, b] = node.inputs as [Value, Value | undefined];
    if (node.op === "Relu") {
      const start = this.#start(a, node);
      // ReLU alone is as fast by itself.
      return start && ("op" in start.x || start.scale || start.shift || start.addend)
        ? { ...start, relu: true }
        : undefined;
    }
    if (!b || !["Add", "Sub", "Multiply"].includes(node.op)) return undefined;
    const channels = output.shape[3]!;
    for (const [image, other] of node.op === "Sub"
      ? [[a, b]]
      : ([
          [a, b],
          [b, a],
        ] as [Value, Value][])) {
      if (!sameShape(image!.shape, output.shape)) continue;
      const isVector = sizeOf(other!.shape) === channels && other!.shape.at(-1) === channels && channels > 1;
      if (isVector) {
        const start = this.#start(image!, node);
        const vector = start && this.#vector(other!, channels);
        if (vector) return this.#combined(node.op, start, vector);
      }
    }
    if (node.op === "Add" && sameShape(a.shape, b.shape)) return this.#sum(a, b, node);
    return undefined;
  }

  #combined(op: string, start: Affine, vector: Value): Affine | undefined {
    const { scale, shift, origin } = start;
    const emit = (kernel: string, ...inputs: Value[]) => this.#emit(kernel, inputs, vector, origin);
    if (op === "Add") return { ...start, shift: shift ? emit("Add", shift, vector) : vector };
    if (op === "Sub") return { ...start, shift: shift ? emit("Sub", shift, vector) : emit("Neg", vector) };
    // An input gradient's channels are not the last axis of its filter.
    if (start.addend || ("op" in start.x && start.x.op !== "Conv2D")) return undefined;
    return {
      ...start,
      scale: scale ? emit("Multiply", scale, vector) : vector,
      shift: shift && emit("Multiply", shift, vector),
    };
  }

  /** The sum of two images, where one is a chain that can take the other along. */
  #sum(a: Value, b: Value, origin: Origin): Affine | undefined {
    for (const [chain, other] of [
      [a, b],
      [b, a],
    ] as [Value, Value][]) {
      const start = this.#start(chain, origin);
      if (!start || start.addend) continue;
      if (!("op" in start.x) && !start.scale && !start.shift) continue;
      return { ...start, addend: this.#value(other) };
    }
    return undefined;
  }

  #isProduct({ op, inputs, outputs }: Node): boolean {
    const [output] = outputs;
    if ((op !== "Multiply" && op !== "Square") || output!.dtype !== "float32") return false;
    return this.#can.image(output!.shape) && inputs.every((input) => sameShape(input.shape, output!.shape));
  }

  /** Products of images wait until it is known whether anyone wants more of them than their sum. */
  #isUnusedProduct(node: Node): boolean {
    return (
      this.#uses.get(node.outputs[0]!) === 1 &&
      this.#isProduct(node) &&
      splatValue(node.inputs[0]!) === undefined
    );
  }

  #product(old: Value): Value {
    const node = old.node!;
    const inputs = node.inputs.map((input) => this.#value(input));
    const made = this.#builder.add(node.op, inputs, node.attributes, node.outputs, node);
    if (this.#isImage(node, made)) this.#images.add(made.outputs[0]!);
    return made.outputs[0]!;
  }

  #dot(node: Node): Value | undefined {
    if ((node.op !== "Sum" && node.op !== "Mean") || !leavesChannels(node)) return undefined;
    const [product] = node.inputs as [Value];
    if (!product.node || this.#made.has(product) || this.#pending.has(product)) return undefined;
    if (this.#uses.get(product) !== 1 || !this.#isProduct(product.node)) return undefined;
    const [x, y] = product.node.inputs.map((input) => this.#value(input));
    if (!this.#images.has(x!) && !(y && this.#images.has(y))) return undefined;
    const type = { shape: [product.shape[3]!], dtype: "float32" as const };
    const sum = this.#emit("ChannelDot", [x!, y ?? x!], type, node);
    const count = sizeOf(product.shape.slice(0, 3));
    const factor =
      node.op === "Mean" ? this.#builder.constant(1 / count, { shape: [], dtype: "float32" }) : undefined;
    const result = factor ? this.#emit("Multiply", [sum, factor], type, node) : sum;
    const { shape } = node.outputs[0]!;
    if (sameShape(shape, type.shape)) return result;
    return this.#builder.add("Reshape", [result], { shape }, [{ shape, dtype: "float32" }], node).outputs[0]!;
  }
}

/** The graph with chains on images put into fused operations, as far as the target can. */
export function fuseImages(graph: Graph, can: Fusible): Graph {
  return removeDeadCode(new Fuser(graph, can).run());
}
