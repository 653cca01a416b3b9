/**
 * Results that may be written over the donated arguments that they replace: those of operations that go element by element,
 * where all that reads the old numbers has run. Of momentum, v ← μ·v + g, the old v is read by one operation, whose result
 * the new v is made of. Weights, w ← w − lr·v, are read by the forward and backward pass, too: all of that must lead to the
 * new w, as `updateLast` (graph/passes/in-place.ts) sees to for large ones.
 */
import { groupPairs } from "../../support/group.js";
import { reachable } from "../../support/reachable.js";
import { sizeOf } from "../host.js";
import type { OnnxModel, OnnxNode } from "../lower/onnx.js";

/** Operations that write an element only after they have read those at its place. */
const elementwise = new Set(["Add", "Sub", "Mul"]);

/**
 * Operations whose result may be their argument's memory: which only look at it in another shape, which ONNX Runtime makes
 * part of what takes their result, or leaves out where they change nothing.
 */
const views = new Set([
  ...["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Transpose"],
  ...["Cast", "Expand", "Slice", "Pad", "Concat", "Tile"],
]);

/** For fewer elements it is not worth to look at all that reads them. */
const leastSearched = 1 << 12;

/** Who makes and who reads each name of a model. */
class Uses {
  readonly #makers: ReadonlyMap<string, OnnxNode>;
  readonly #readers: ReadonlyMap<string, readonly OnnxNode[]>;

  constructor({ nodes }: OnnxModel) {
    this.#makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    this.#readers = groupPairs(nodes.flatMap((node) => node.inputs.map((name) => [name, node] as const)));
  }

  maker(name: string): OnnxNode | undefined {
    return this.#makers.get(name);
  }

  makers(names: readonly string[]): OnnxNode[] {
    return names.flatMap((name) => this.#makers.get(name) ?? []);
  }

  /** Whether no other node reads a name. */
  readOnlyBy(name: string, node: OnnxNode): boolean {
    return (this.#readers.get(name) ?? []).every((reader) => reader === node);
  }

  /** Whether a node comes of all other nodes that read a name, or a view of it. */
  readLastBy(name: string, node: OnnxNode): boolean {
    const before = reachable([node], ({ inputs }) => this.makers(inputs));
    const isBefore = (reader: OnnxNode): boolean => {
      const users = views.has(reader.op)
        ? reader.outputs.flatMap((output) => this.#readers.get(output) ?? [])
        : [];
      // A view that nobody reads is a result.
      return users.length > 0 ? users.every(isBefore) : before.has(reader);
    };
    return (this.#readers.get(name) ?? []).every(isBefore);
  }
}

/**
 * By the place of a result, the place of the argument over which it may be written.
 * @param donated places of arguments that may be overwritten
 * @param least for smaller ones not all readers are looked for
 */
export function overwritable(
  model: OnnxModel,
  donated: ReadonlySet<number>,
  least: number = leastSearched,
): ReadonlyMap<number, number> {
  const uses = new Uses(model);
  const free = new Map(
    model.inputs.flatMap((type, i) => (donated.has(i) ? [[type.name, { ...type, i }] as const] : [])),
  );
  const result = new Map<number, number>();
  for (const [place, output] of model.outputs.entries()) {
    const maker = uses.maker(output.name);
    if (!maker || !elementwise.has(maker.op)) continue;
    // ONNX Runtime makes a product and the sum that takes it one operation, which writes while it still reads.
    if (uses.makers(maker.inputs).some(({ op }) => op === "MatMul")) continue;
    const fits = (name: string): boolean => {
      const argument = free.get(name);
      return argument?.type === output.type && argument.shape.join() === output.shape.join();
    };
    const name =
      uses
        .makers(maker.inputs)
        .flatMap((node) => node.inputs.filter((input) => fits(input) && uses.readOnlyBy(input, node)))
        .at(0) ??
      (sizeOf(output.shape) >= least
        ? maker.inputs.find((input) => fits(input) && uses.readLastBy(input, maker))
        : undefined);
    if (name === undefined) continue;
    result.set(place, free.get(name)!.i);
    free.delete(name);
  }
  return result;
}
