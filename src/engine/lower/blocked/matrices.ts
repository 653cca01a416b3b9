/**
 * Products of matrices with many rows, as those of the linear layers of a transformer are, put into 1 × 1 convolutions:
 * blocked convolutions run at 90–110 GFLOPS a core where ONNX Runtime's matrix product has 62–78. The rows become the
 * pixels of one image, [rows, C] → [1, height, width, C], and what is computed element by element between two products (GELU
 * and its gradient) is computed on the image, so that wide tensors stay in blocks from one product to the next.
 */
import type { Attributes, Graph, Value } from "../../graph/graph.js";
import { algebra, reshape } from "../../graph/passes/algebra.js";
import { elementwise } from "../../graph/passes/fold.js";
import { type Draft, type Emit, type Rule, removeDeadCode, rewrite } from "../../graph/passes/rewrite.js";
import { sameShape, sizeOf } from "../../host.js";

/** With fewer rows the reordering costs more than the product gains. */
const leastRows = 1024;

/** The most columns of such an image: threads share its rows, and with one column broadcasts would be slow. */
const mostColumns = 128;

const pointwise: Attributes = { strides: [1, 1], dilations: [1, 1], padding: [0, 0, 0, 0] };

/** Rewrites products; remembers which values are images that it made. */
class Matrices {
  readonly #block: number;
  readonly #images = new Set<Value>();

  constructor(block: number) {
    this.#block = block;
  }

  readonly rule: Rule = (draft, emit) => {
    const [output] = draft.outputs;
    if (draft.outputs.length !== 1 || output!.dtype !== "float32") return undefined;
    if (draft.op === "BatchMatMul") return this.#product(draft, emit);
    if (draft.op === "Sum") return this.#sum(draft, emit);
    return elementwise.has(draft.op) ? this.#elementwise(draft, emit) : undefined;
  };

  /** The image whose elements a value is in another shape. */
  #imageOf({ node, shape }: Value): Value | undefined {
    const image = node?.op === "Reshape" ? node.inputs[0]! : undefined;
    return image && this.#images.has(image) && image.shape[3] === shape.at(-1) ? image : undefined;
  }

  /** A matrix as an image. */
  #toImage(matrix: Value, emit: Emit): Value {
    const [rows, columns] = matrix.shape as [number, number];
    return this.#imageOf(matrix) ?? reshape(matrix, { shape: imageShape(rows, columns) }, emit);
  }

  #image(op: string, inputs: readonly Value[], attributes: Attributes, shape: readonly number[], emit: Emit) {
    const image = emit(op, inputs, attributes, { shape, dtype: "float32" });
    this.#images.add(image);
    return image;
  }

  #product({ inputs, attributes, outputs }: Draft, emit: Emit): Value | undefined {
    const [a, b] = inputs as [Value, Value];
    if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
    const [rows, inner] = a.shape as [number, number];
    const { shape } = outputs[0]!;
    const fits = [rows, inner, ...b.shape, ...shape].every(
      (length) => length > 0 && length % this.#block === 0,
    );
    if (!fits || rows < leastRows || rows < 2 * Math.max(inner, shape[1]!)) return undefined;
    const x = (): Value => this.#toImage(a, emit);
    const { transposeA, transposeB } = attributes;
    if (transposeA) {
      if (transposeB) return undefined;
      const filterShape = [1, 1, ...shape];
      const own = { ...pointwise, filterShape };
      const type = { shape: filterShape, dtype: "float32" } as const;
      return reshape(emit("Conv2DBackpropFilter", [x(), this.#toImage(b, emit)], own, type), { shape }, emit);
    }
    const filter = reshape(b, { shape: [1, 1, ...b.shape] }, emit);
    const own = imageShape(rows, shape[1]!);
    const image = transposeB
      ? this.#image("Conv2DBackpropInput", [x(), filter], { ...pointwise, inputShape: own }, own, emit)
      : this.#image("Conv2D", [x(), filter], pointwise, own, emit);
    return reshape(image, { shape }, emit);
  }

  /** What is computed element by element of images only, numbers and a bias. */
  #elementwise({ op, inputs, attributes, outputs: [output] }: Draft, emit: Emit): Value | undefined {
    const features = output!.shape.at(-1);
    let image: Value | undefined;
    const operands: Value[] = [];
    for (const input of inputs) {
      const own = sameShape(input.shape, output!.shape) ? this.#imageOf(input) : undefined;
      image ??= own;
      const isBias = op === "Add" && sizeOf(input.shape) === features && input.shape.length === 1;
      if (input.dtype !== "float32" || !(own || sizeOf(input.shape) === 1 || isBias)) return undefined;
      operands.push(own ?? (isBias ? input : reshape(input, { shape: [] }, emit)));
    }
    if (
      !image ||
      !operands.every((operand) => operand.shape.length < 4 || sameShape(operand.shape, image.shape))
    )
      return undefined;
    return reshape(this.#image(op, operands, attributes, image.shape, emit), output!, emit);
  }

  /** The gradient of a bias: a sum over all axes but the last. */
  #sum({ inputs: [x], attributes, outputs: [output] }: Draft, emit: Emit): Value | undefined {
    const image = this.#imageOf(x!);
    const axes = attributes.axes as readonly number[];
    const allButLast = x!.shape.slice(0, -1).map((_, axis) => axis);
    if (!image || !sameShape(axes, allButLast)) return undefined;
    const type = { shape: image.shape.slice(3), dtype: "float32" } as const;
    return reshape(emit("Sum", [image], { axes: [0, 1, 2], keepDims: false }, type), output!, emit);
  }
}

/** The shape of a matrix as one image: as many columns as fit. */
function imageShape(rows: number, features: number): readonly number[] {
  let columns = Math.min(rows, mostColumns);
  while (rows % columns !== 0) columns--;
  return [1, rows / columns, columns, features];
}

/** The graph with large products as convolutions for blocks of `block` channels. */
export function matricesAsImages(graph: Graph, block: number): Graph {
  return removeDeadCode(rewrite(graph, [new Matrices(block).rule, algebra]));
}
