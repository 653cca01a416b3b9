/**
 * ONNX Runtime's blocked operators in standard ones, for a block size of choice: a model of the blocked lowering then gives
 * the numbers that it would have on a machine with that block size, whatever this machine has. A blocked tensor has the
 * shape [N, C, H, W] and the elements of [N, C/B, H, W, B]; filters are written out in src/engine/lower/blocked/filter.ts.
 */
import { blockedDomain } from "../../src/engine/lower/blocked/layout.js";
import type { OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode } from "../../src/engine/lower/onnx.js";
import type { Run } from "../../src/engine/run/probe.js";

type Attributes = { readonly [name: string]: OnnxAttribute };

class Rewriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[];
  readonly #model: OnnxModel;
  readonly #block: number;

  constructor(model: OnnxModel, block: number) {
    this.#model = model;
    this.#block = block;
    this.initializers = [...model.initializers];
    for (const node of model.nodes) this.#rewrite(node);
  }

  #emit(op: string, inputs: readonly string[], attributes: Attributes = {}, output?: string): string {
    const name = output ?? `standard${this.nodes.length}`;
    this.nodes.push({ op, inputs, outputs: [name], attributes });
    return name;
  }

  #ints(...values: readonly number[]): string {
    const name = `standard ${values}`;
    if (!this.initializers.some((known) => known.name === name))
      this.initializers.push({
        ...{ name, type: "int64", shape: [values.length] },
        data: BigInt64Array.from(values, BigInt),
      });
    return name;
  }

  /**
   * Reshapes to axes that are each a number, or an axis of `name`, or that divided by a number; moves them; and gives the
   * result the shape of `name`, which only the running program knows.
   */
  #move(name: string, apart: readonly (readonly [axis: number, over?: number] | number)[], perm: number[]) {
    const shape = this.#emit("Shape", [name]);
    const lengths = apart.map((part) => {
      if (typeof part === "number") return this.#ints(part);
      const length = this.#emit("Gather", [shape, this.#ints(part[0])]);
      return part[1] === undefined ? length : this.#emit("Div", [length, this.#ints(part[1])]);
    });
    const split = this.#emit("Reshape", [name, this.#emit("Concat", lengths, { axis: { i: 0 } })]);
    return this.#emit("Reshape", [this.#emit("Transpose", [split], { perm: { ints: perm } }), shape]);
  }

  #toBlocks(image: string): string {
    return this.#move(image, [[0], [1, this.#block], this.#block, [2], [3]], [0, 1, 3, 4, 2]);
  }

  #fromBlocks(image: string): string {
    return this.#move(image, [[0], [1, this.#block], [2], [3], this.#block], [0, 1, 4, 2, 3]);
  }

  /** A filter [K, C, kh, kw] from its blocks: of filters and of channels, or of filters only. */
  #filter(name: string, both: boolean): string {
    const block = this.#block;
    if (both) return this.#move(name, [[0, block], [1, block], [2], [3], block, block], [0, 5, 1, 4, 2, 3]);
    return this.#move(name, [[0, block], [1], [2], [3], block], [0, 4, 1, 2, 3]);
  }

  /** The shape of a filter: it always comes out of a reshape. */
  #filterShape(name: string): number[] {
    const maker = this.#model.nodes.find(({ outputs }) => outputs.includes(name));
    const shape = this.#model.initializers.find((known) => known.name === maker?.inputs[1]);
    if (maker?.op !== "Reshape" || !shape) throw new Error(`filter ${name}: expected it to be a reshape`);
    return Array.from(shape.data as BigInt64Array, Number);
  }

  #convolution({ inputs, attributes = {}, outputs }: OnnxNode): void {
    const [image, filter, bias, sum] = inputs as [string, string, string?, string?];
    const [, channels] = this.#filterShape(filter) as [number, number];
    const group = attributes.group && "i" in attributes.group ? attributes.group.i : 1;
    // Fewer channels than a block: those of a first layer lie channels first, one for each group is a depthwise filter.
    const isFirst = group === 1 && channels < this.#block;
    const { activation, ...standard } = attributes;
    let result = this.#emit(
      "Conv",
      [
        isFirst ? image : this.#fromBlocks(image),
        this.#filter(filter, channels >= this.#block),
        ...(bias ? [bias] : []),
      ],
      standard,
    );
    if (sum) result = this.#emit("Add", [result, this.#fromBlocks(sum)]);
    if (activation) result = this.#emit("s" in activation ? activation.s : "", [result]);
    this.#emit("Identity", [this.#toBlocks(result)], {}, outputs[0]);
  }

  #rewrite(node: OnnxNode): void {
    if (node.domain !== blockedDomain) {
      this.nodes.push(node);
      return;
    }
    const [input] = node.inputs as [string];
    const [output] = node.outputs;
    switch (node.op) {
      case "ReorderInput": {
        const isLast = node.attributes?.channels_last !== undefined;
        const first = isLast ? this.#emit("Transpose", [input], { perm: { ints: [0, 3, 1, 2] } }) : input;
        this.#emit("Identity", [this.#toBlocks(first)], {}, output);
        return;
      }
      case "ReorderOutput":
        this.#emit("Identity", [this.#fromBlocks(input)], {}, output);
        return;
      case "Conv":
        this.#convolution(node);
        return;
      case "GlobalAveragePool": {
        const pooled = this.#emit("GlobalAveragePool", [this.#fromBlocks(input)]);
        // One pixel: blocks of channels lie as the channels do.
        this.#emit("Identity", [pooled], {}, output);
        return;
      }
      default:
        throw new Error(`operator ${node.op}: expected one that the blocked lowering has`);
    }
  }
}

/** The model with every blocked operator in standard ones, as a machine with blocks of `block` channels computes it. */
export function inStandardOperators(model: OnnxModel, block: number): OnnxModel {
  const { nodes, initializers } = new Rewriter(model, block);
  return { ...model, nodes, initializers, opsets: { "": 18, "com.microsoft": 1 } };
}

/** Runs the probe's models as a machine with blocks of `block` channels would. */
export function onMachineWith(block: number, run: Run): Run {
  return (model, inputs) => run(inStandardOperators(model, block), inputs);
}
