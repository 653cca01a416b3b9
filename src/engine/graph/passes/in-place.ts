/**
 * Updates of large donated arguments, put off until nothing reads the old numbers any more: then the new ones can be
 * written over them (see run/overwrite.ts). Of weights, w ← w − lr·v, that is when the gradient by the layer's input is
 * there; without `Barrier` a runtime is free to compute that later.
 */
import { sameShape, sizeOf } from "../../host.js";
import { ancestorsOf, type Graph, GraphBuilder, type Node, usersOf, type Value } from "../graph.js";

/** Smaller arguments, of fewer elements, are not worth the operations. */
const leastElements = 1 << 18;

const updates = new Set(["Add", "Sub", "Multiply"]);
const views = new Set(["Reshape", "Transpose"]);

/** The nodes that read a value's elements, not only look at them in another shape. */
function readersOf(value: Value, users: ReadonlyMap<Value, readonly Node[]>): Node[] {
  return (users.get(value) ?? []).flatMap((node) =>
    views.has(node.op) ? readersOf(node.outputs[0]!, users) : [node],
  );
}

/** By update, what reads the argument that it replaces, was recorded before it, and might run later. */
function lateReaders(graph: Graph, donated: ReadonlySet<number>, least: number): Map<Node, Node[]> {
  const users = usersOf(graph);
  const results = new Set(graph.outputs);
  const found = new Map<Node, Node[]>();
  const arguments_ = new Set(graph.inputs.filter((_, i) => donated.has(i)));
  for (const { node, shape } of graph.outputs) {
    if (!node || !updates.has(node.op) || sizeOf(shape) < least) continue;
    const old = node.inputs.find((input) => arguments_.has(input) && sameShape(input.shape, shape));
    if (!old || results.has(old)) continue;
    arguments_.delete(old);
    const before = ancestorsOf([node]);
    const late = readersOf(old, users).filter((reader) => !before.has(reader));
    const canWait = ({ id, outputs: [output] }: Node): boolean => id < node.id && sizeOf(output!.shape) > 0;
    if (late.length > 0 && late.every(canWait)) found.set(node, late);
  }
  return found;
}

/**
 * The graph with such updates after the last use of what they replace.
 * @param donated places of the inputs that may be overwritten
 * @param least of smaller arguments updates stay where they are
 */
export function updateLast(graph: Graph, donated: ReadonlySet<number>, least: number = leastElements): Graph {
  const late = lateReaders(graph, donated, least);
  if (late.size === 0) return graph;
  const builder = new GraphBuilder();
  const values = new Map<Value, Value>(graph.inputs.map((input) => [input, builder.input(input)]));
  const now = (value: Value): Value => values.get(value)!;
  for (const node of graph.nodes) {
    const after = (late.get(node) ?? []).map(({ outputs }) => now(outputs[0]!));
    const inputs = node.inputs.map((input) =>
      input.node === undefined
        ? now(input)
        : after.reduce(
            (value, other) => builder.add("Barrier", [value, other], {}, [input], node).outputs[0]!,
            now(input),
          ),
    );
    const { scope, block, copyOf: first } = node;
    const copyOf = first && values.get(first.outputs[0]!)?.node;
    const outputs =
      node.constant === undefined
        ? builder.add(node.op, inputs, node.attributes, node.outputs, { scope, block, copyOf }).outputs
        : [builder.constant(node.constant, node.outputs[0]!, node)];
    for (const [i, output] of node.outputs.entries()) values.set(output, outputs[i]!);
  }
  return builder.finish(graph.name, graph.outputs.map(now));
}
