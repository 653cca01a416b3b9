/**
 * Recomputation, also called gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): of the activations inside a
 * block only those that later blocks take are kept. What else its gradient needs is computed again, by the same
 * operations from the same numbers, when the backward pass has come to the block; so results keep their bits, and the
 * activations of one block at a time are in memory.
 *
 * "When" is what `Barrier(x, after)` is for: it is x, but not before `after` is there, a gradient that comes before those of
 * the block. Without it a runtime is free to compute everything again at once, long before it is needed, and one that
 * looks for common subexpressions to find that it has been computed already.
 */
import { groupBy } from "../../../support/group.js";
import { sizeOf } from "../../host.js";
import { type Graph, GraphBuilder, type Node, usersOf, type Value } from "../graph.js";
import { removeDeadCode } from "./rewrite.js";

/** Smaller values than this part of the block's largest are kept: statistics cost more to compute than to keep. */
const smallPart = 1 / 64;

const isBackward = ({ scope }: Node): boolean => /(^|\/)gradient(\/|$)/.test(scope);

/** A block whose gradient needs values that can be computed again. */
interface Plan {
  readonly block: number;
  /** Values up to this size are kept. */
  readonly small: number;
  /** Values of the block that are wanted after it, by others than its gradient. */
  readonly kept: ReadonlySet<Value>;
  /** The values of the block that its gradient takes, but for those that are kept. */
  readonly needed: readonly Value[];
  /** A gradient that is there before the first of those nodes is due. */
  readonly after: Value;
}

/** What to compute again, by the first node of the backward pass that needs any of it. */
function plans(graph: Graph): Map<Node, Plan> {
  const users = usersOf(graph);
  const results = new Set(graph.outputs);
  const found = new Map<Node, Plan>();
  for (const [block, own] of groupBy(graph.nodes, (node) => node.block)) {
    if (block === undefined) continue;
    const made = own.flatMap(({ outputs }) => outputs);
    const small = smallPart * Math.max(...made.map(({ shape }) => sizeOf(shape)));
    const wanted = (value: Value): boolean =>
      results.has(value) ||
      (users.get(value) ?? []).some((node) => node.block !== block && !isBackward(node));
    const kept = new Set(made.filter(wanted));
    const needed = made.filter(
      (value) => !kept.has(value) && sizeOf(value.shape) > small && users.get(value)?.some(isBackward),
    );
    // What comes of the block's results: the layers after it, the loss, and the gradients of those.
    const behind = new Set<Node>();
    let after: Node | undefined;
    for (const node of graph.nodes) {
      if (isBackward(node) && node.inputs.some((input) => needed.includes(input))) {
        if (after) found.set(node, { block, small, kept, needed, after: after.outputs[0]! });
        break;
      }
      const follows = node.inputs.some(
        (input) => (input.node && behind.has(input.node)) || (kept.has(input) && !isBackward(node)),
      );
      if (!follows || node.block === block) continue;
      behind.add(node);
      if (isBackward(node)) after = node;
    }
  }
  return found;
}

/** The graph with the blocks that were declared by `recomputable` computed again for their gradients. */
export function recompute(graph: Graph): Graph {
  const planned = plans(graph);
  const builder = new GraphBuilder();
  /** By value of the old graph: that of the new one. */
  const values = new Map<Value, Value>();
  /** By value of the old graph: what stands for it in gradients from here on. */
  const again = new Map<Value, Value>();

  const computeAgain = ({ block, small, kept, needed, after }: Plan): void => {
    const standIns = new Map<Value, Value>();
    const standIn = (value: Value): Value => {
      const { node } = value;
      const now = values.get(value)!;
      if (!node || node.constant !== undefined || sizeOf(value.shape) <= small) return now;
      const known = standIns.get(value);
      if (known) return known;
      const origin = { scope: `recompute/${(node.block === block ? node : needed[0]!.node!).scope}` };
      if (node.block !== block || kept.has(value)) {
        standIns.set(
          value,
          builder.add("Barrier", [now, values.get(after)!], {}, [value], origin).outputs[0]!,
        );
        return standIns.get(value)!;
      }
      const inputs = node.inputs.map(standIn);
      // Of weights alone: they need no activation.
      if (inputs.every((input, i) => input === values.get(node.inputs[i]!))) return now;
      const copy = { ...origin, copyOf: values.get(node.outputs[0]!)!.node };
      const { outputs } = builder.add(node.op, inputs, node.attributes, node.outputs, copy);
      for (const [i, output] of node.outputs.entries()) standIns.set(output, outputs[i]!);
      return standIns.get(value)!;
    };
    for (const value of needed) standIn(value);
    for (const [value, other] of standIns) again.set(value, other);
  };

  for (const input of graph.inputs) values.set(input, builder.input(input));
  for (const node of graph.nodes) {
    const plan = planned.get(node);
    if (plan) computeAgain(plan);
    const backward = isBackward(node);
    const inputs = node.inputs.map((input) => (backward && again.get(input)) || values.get(input)!);
    const outputs =
      node.constant !== undefined
        ? [builder.constant(node.constant, node.outputs[0]!, node)]
        : builder.add(node.op, inputs, node.attributes, node.outputs, node).outputs;
    for (const [i, output] of node.outputs.entries()) values.set(output, outputs[i]!);
  }
  const outputs = graph.outputs.map((value) => values.get(value)!);
  return removeDeadCode(builder.finish(graph.name, outputs));
}
