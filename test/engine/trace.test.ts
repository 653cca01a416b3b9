import { describe, expect, it } from "vitest";
import type { Graph } from "../../src/engine/graph/graph.js";
import { interpret } from "../../src/engine/graph/interpret.js";
import { optimise } from "../../src/engine/graph/passes/index.js";
import type { HostTensor } from "../../src/engine/host.js";
import type { tf } from "../../src/engine/tf.js";
import { trace } from "../../src/engine/trace/trace.js";
import { flatten, type Tree } from "../../src/engine/tree.js";
import { expectClose } from "../support/close.js";
import { type Case, cases } from "./cases.js";
import { eagerly, withGradients } from "./programs.js";

function traced(fn: (...args: tf.Tensor[]) => Tree<tf.Tensor>, inputs: readonly HostTensor[]): Graph {
  const { definition } = flatten([...inputs] as Tree<HostTensor>);
  return trace("case", fn as (...args: Tree<tf.Tensor>[]) => Tree<tf.Tensor>, definition, inputs).graph;
}

function compare(fn: Case["fn"], inputs: readonly HostTensor[]): void {
  const expected = eagerly(fn, inputs);
  const graph = traced(fn, inputs);
  for (const [name, program] of [
    ["recorded", graph],
    ["optimised", optimise(graph)],
  ] as const) {
    const actual = interpret(program, inputs);
    expect(actual.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
      expected.map(({ shape, dtype }) => ({ shape, dtype })),
    );
    for (const [i, { data }] of actual.entries())
      expectClose(data, expected[i]!.data, { absolute: 1e-6, relative: 1e-6 }, `${name} result ${i}`);
  }
}

describe("a recorded program computes what the eager one does", () => {
  for (const { name, fn, inputs, gradients } of cases) {
    it(name, () => compare(fn, inputs));
    if (gradients.length) it(`${name}, gradients`, () => compare(withGradients(fn, gradients), inputs));
  }
});
