/**
 * Results that may be written over the donated arguments that they replace. Of momentum, v ← μ·v + g, the old v is read by
 * one operation, whose result the new v is made of: when that is written, nothing reads the old one any more, and what
 * happens element by element needs no second array. Weights are read by the backward pass as well, which may run later.
 */
import type { OnnxModel, OnnxNode } from "../lower/onnx.js";

/** Operations that write an element only after they have read those at its place. */
const elementwise = new Set(["Add", "Sub", "Mul"]);

/**
 * By the place of a result, the place of the argument over which it may be written.
 * @param donated places of arguments that may be overwritten
 */
export function overwritable(model: OnnxModel, donated: ReadonlySet<number>): ReadonlyMap<number, number> {
  const makers = new Map<string, OnnxNode>();
  const readers = new Map<string, OnnxNode[]>();
  for (const node of model.nodes) {
    for (const name of node.outputs) makers.set(name, node);
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const free = new Map(
    model.inputs.flatMap((type, i) => (donated.has(i) ? [[type.name, { ...type, i }] as const] : [])),
  );
  const result = new Map<number, number>();
  for (const [place, output] of model.outputs.entries()) {
    const maker = makers.get(output.name);
    if (!maker || !elementwise.has(maker.op)) continue;
    const before = maker.inputs.flatMap((name) => makers.get(name) ?? []);
    const names = before.flatMap((node) =>
      node.inputs.filter((name) => readers.get(name)!.every((reader) => reader === node)),
    );
    const argument = names
      .flatMap((name) => free.get(name) ?? [])
      .find(({ type, shape }) => type === output.type && shape.join() === output.shape.join());
    if (!argument) continue;
    result.set(place, argument.i);
    free.delete(argument.name);
  }
  return result;
}
