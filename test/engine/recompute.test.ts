/**
 * Recomputation: the bits of the same step without it; every operation that was to run again does, none before its time;
 * fewer numbers alive at once.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { flattenArguments } from "../../src/engine/arguments.js";
import { traceProgram } from "../../src/engine/compile.js";
import type { AnyFunction } from "../../src/engine/eager.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import type { Graph, Value } from "../../src/engine/graph/graph.js";
import { recompute } from "../../src/engine/graph/passes/recompute.js";
import { type HostTensor, sizeOf } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { type LoweringName, probeCpu } from "../../src/engine/run/device.js";
import { tf } from "../../src/engine/tf.js";
import { recomputable, scope } from "../../src/engine/trace/trace.js";
import { flatten } from "../../src/engine/tree.js";
import { createProgram } from "../../src/train/program.js";
import { floats } from "../support/data.js";
import { tinyConfig, tinyDataset } from "../train/methods/tiny.js";

const { target } = await probeCpu();
const lowerings: LoweringName[] = target.block === undefined ? ["portable"] : ["portable", "blocked"];

const encoders: { readonly [name: string]: readonly [overrides: string[], side: number] } = {
  ConvNet: [["encoder={name: convnet, widths: [16, 32]}"], 8],
  "ResNet-8, MoCo": [["encoder={name: resnet8, width: 16}", "method.name=moco"], 8],
  "ResNet-50": [["encoder={name: resnet50, width: 4}"], 8],
  "VGG-11": [["encoder={name: vgg11, width: 16}"], 16],
  ViT: [["encoder={name: vit, patch: 4, width: 16, depth: 2, heads: 2, patchKeep: 0.5}"], 8],
};

type Program = ReturnType<typeof createProgram>;

function programOf([overrides, side]: readonly [string[], number]): Program {
  return createProgram(tinyConfig("batch=16", ...overrides), tinyDataset(16, side));
}

async function bitsAfterTwoSteps(program: Program, options: object): Promise<string[]> {
  const step = jit(program.step as never, { ...options, threads: 1 }) as unknown as (
    ...args: unknown[]
  ) => Promise<{ state: unknown; metrics: unknown }>;
  const first = await step(program.initial(), program.input(0));
  const { leaves } = flatten((await step(first.state, program.input(1))) as never);
  return Promise.all(
    leaves.map(async (leaf) => {
      const data = await (leaf as { data(): Promise<HostTensor["data"]> }).data();
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    }),
  );
}

describe("recompute", () => {
  for (const [name, settings] of Object.entries(encoders))
    it.each(lowerings)(`changes no bit of two training steps: ${name}, %s`, async (lowering) => {
      const program = programOf(settings);
      const kept = await bitsAfterTwoSteps(program, { lowering });
      expect(await bitsAfterTwoSteps(program, { lowering, recompute: true })).toEqual(kept);
    });

  it("changes no bit with mixed precision", async () => {
    const program = programOf(encoders.ConvNet!);
    const kept = await bitsAfterTwoSteps(program, { precision: "mixed" });
    expect(await bitsAfterTwoSteps(program, { precision: "mixed", recompute: true })).toEqual(kept);
  });
});

/** Four convolutions, each a block, and their gradients. */
const blocks = 4;
const net = valueAndGrad((filters: tf.Tensor[], x: tf.Tensor) => {
  const output = (filters as tf.Tensor4D[]).reduce(
    (image, filter, i) =>
      scope(`block${i}`, () =>
        recomputable(() => {
          const y = tf.sin(tf.conv2d(image as tf.Tensor4D, filter, 1, "same"));
          return tf.sin(tf.conv2d(tf.mul(y, y), filter, 1, "same"));
        }),
      ),
    tf.add(x, 1),
  );
  return { loss: tf.sum(tf.square(output)) };
});
const args = [
  Array.from({ length: blocks }, (_, i) => floats([3, 3, 16, 16], i, -0.1, 0.1)),
  floats([8, 8, 8, 16], 9),
];

/** The most numbers alive at once, where nodes run in their order and values are let go after their last use. */
function mostAlive(graph: Graph): number {
  const lastUse = new Map<Value, number>();
  for (const [i, node] of graph.nodes.entries()) for (const input of node.inputs) lastUse.set(input, i);
  let [alive, most] = [0, 0];
  for (const [i, node] of graph.nodes.entries()) {
    // A barrier is what it waits with.
    const made = node.op === "Barrier" ? [] : node.outputs;
    for (const output of made) alive += sizeOf(output.shape);
    most = Math.max(most, alive);
    for (const value of new Set([...node.inputs, ...node.outputs]))
      if (
        value.node &&
        value.node.op !== "Barrier" &&
        (lastUse.get(value) ?? i) === i &&
        !graph.outputs.includes(value)
      )
        alive -= sizeOf(value.shape);
  }
  return most;
}

describe("a recomputed program", () => {
  it("keeps fewer numbers", () => {
    const { graph } = traceProgram("net", net as unknown as AnyFunction, flattenArguments(args));
    const again = recompute(graph);
    expect(again.nodes.filter(({ op }) => op === "Barrier")).toHaveLength(blocks - 1);
    // The results of each block, and all activations of one, instead of all of every block.
    expect(mostAlive(again)).toBeLessThan(0.65 * mostAlive(graph));
  });

  it("is the same where no block was declared", () => {
    const plain = valueAndGrad((w: tf.Tensor, x: tf.Tensor) => ({ loss: tf.sum(tf.sin(tf.matMul(x, w))) }));
    const { graph } = traceProgram(
      "plain",
      plain as never,
      flattenArguments([floats([3, 3]), floats([4, 3])]),
    );
    expect(recompute(graph).nodes.map(({ op }) => op)).toEqual(graph.nodes.map(({ op }) => op));
  });

  it.each(lowerings)(
    "runs each block again, not before the gradient of the one behind it, %s",
    async (lowering) => {
      const [kept, again] = [false, true].map((recompute) =>
        jit(net as unknown as AnyFunction, { lowering, recompute, threads: 1 }),
      );
      const [before, after] = [await kept!.profile(...args), await again!.profile(...args)];
      const sines = ({ operators }: typeof before): number =>
        operators.find(({ name }) => name === "Sin")!.count;
      // What comes out of a block is kept; inside there is one more. The last block's is needed at once.
      expect(sines(after) - sines(before)).toBe(blocks - 1);
      const events = after.trace.traceEvents.filter(({ cat }) => cat === "operator");
      const scopes = events.map(({ args: { scope: name } = {} }) => String(name));
      for (let i = 0; i < blocks - 1; i++) {
        const [first, behind] = [
          scopes.indexOf(`recompute/block${i}`),
          scopes.indexOf(`gradient/block${i + 1}`),
        ];
        expect(behind).toBeGreaterThan(0);
        expect(first).toBeGreaterThan(behind);
        expect(scopes.indexOf(`gradient/block${i}`)).toBeGreaterThan(behind);
      }
      await Promise.all([kept!.dispose(), again!.dispose()]);
    },
  );
});
