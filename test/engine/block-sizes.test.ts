/**
 * A machine has one block size, and a program built for another one gives wrong numbers without an error. So the lowerings
 * for 8 and for 16 are both held against exact numbers on every machine: ONNX Runtime's blocked operators are put into
 * standard ones for the size in question (test/support/blocked-operators.ts), which is itself held against the true ones
 * for the size that this machine has. Where QEMU is there, a processor without AVX-512 runs the true ones of 8.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { flattenArguments } from "../../src/engine/arguments.js";
import { lowerProgram, traceProgram } from "../../src/engine/compile.js";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import type { HostTensor } from "../../src/engine/host.js";
import { eager } from "../../src/engine/jit.js";
import { blocked } from "../../src/engine/lower/blocked/index.js";
import type { Target } from "../../src/engine/lower/lowering.js";
import type { OnnxModel } from "../../src/engine/lower/onnx.js";
import { portable } from "../../src/engine/lower/portable/index.js";
import { probeCpu } from "../../src/engine/run/device.js";
import { findBlock, findFault, probe, runOnce } from "../../src/engine/run/probe.js";
import { tf } from "../../src/engine/tf.js";
import { leafPaths, mapTree, type Tree, unflatten, zipTrees } from "../../src/engine/tree.js";
import { gelu } from "../../src/nn/attention.js";
import { normaliseBatch } from "../../src/nn/batch-norm.js";
import { onMachineWith } from "../support/blocked-operators.js";
import { relativeError } from "../support/close.js";
import { floats } from "../support/data.js";
import { farFromExact, inDoubles, leastMargin, type Numbers, numbers } from "../support/exact.js";
import { describeWith, noBlocks, testWhere } from "../support/needs.js";
import { canBeHaswell, haswellParts, onHaswell } from "../support/other-processor.js";

type Params = { readonly [name: string]: tf.Tensor };

const shapes = {
  first: [3, 3, 3, 16],
  scale: [16],
  shift: [16],
  up: [16, 32],
  bias: [32],
  down: [32, 16],
  wide: [3, 3, 16, 48],
  winograd: [3, 3, 48, 64],
  odd: [3, 3, 64, 24],
  shortcut: [1, 1, 64, 24],
  head: [24, 8],
} as const;

const params = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], i) => {
    const bound =
      1.5 / Math.sqrt(shape.slice(0, -1).reduce((product: number, length) => product * length, 1));
    return [name, shape.length === 1 ? floats(shape, i, 0.5, 1.5) : floats(shape, i, -bound, bound)];
  }),
);
const momentum = mapTree<HostTensor, HostTensor>(params, ({ shape }) => floats(shape, 90, -0.1, 0.1));
const images = floats([32, 8, 8, 3], 7);

const conv = (x: tf.Tensor, filter: tf.Tensor, stride: number): tf.Tensor =>
  tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, "same");

/** Every form that the blocked lowering has for a layer, and one of 24 channels, which fill blocks of 8 only. */
function embed(p: Params, x: tf.Tensor): tf.Tensor {
  const first = conv(x, p.first!, 1);
  const normed = tf.relu(normaliseBatch(first, p.scale as tf.Tensor1D, p.shift as tf.Tensor1D).output);
  const rows = tf.reshape(normed, [32 * 8 * 8, 16]);
  const hidden = gelu(tf.add(tf.matMul(rows, p.up as tf.Tensor2D), p.bias!));
  const mixed = tf.add(normed, tf.reshape(tf.matMul(hidden, p.down as tf.Tensor2D), normed.shape));
  const wide = tf.tanh(conv(tf.maxPool(mixed as tf.Tensor4D, 2, 2, "valid"), p.wide!, 1));
  const filtered = tf.tanh(conv(wide, p.winograd!, 1));
  const odd = tf.add(conv(filtered, p.odd!, 2), conv(filtered, p.shortcut!, 2));
  const averaged = tf.avgPool(tf.tanh(odd) as tf.Tensor4D, 2, 2, "valid");
  return tf.matMul(tf.mean(averaged, [1, 2]), p.head as tf.Tensor2D);
}

function step(state: { params: Params; momentum: Params }, x: tf.Tensor, lr: tf.Tensor) {
  const { loss, grads } = valueAndGrad((p: Params) => ({
    loss: tf.mean(tf.logSumExp(embed(p, x), 1)),
  }))(state.params);
  const next = zipTrees<tf.Tensor, tf.Tensor>([state.momentum, grads], ([m, g]) =>
    tf.add(tf.mul(m!, 0.9), g!),
  );
  const weights = zipTrees<tf.Tensor, tf.Tensor>([state.params, next], ([w, m]) =>
    tf.sub(w!, tf.mul(lr, m!)),
  );
  return { loss, grads, params: weights, momentum: next };
}

const args = [{ params, momentum }, images, 0.1] as const;
const flat = flattenArguments(args);
const inputs = flat.leaves.map((leaf) =>
  typeof leaf === "number" ? { data: Float32Array.of(leaf), shape: [], dtype: "float32" as const } : leaf,
) as HostTensor[];
const traced = traceProgram("step", step as never, flat);

/** The step's model for a lowering. */
function modelFor(target: Target): OnnxModel {
  const place = { name: "cpu", target, providers: ["cpu"], runtime: "native", resident: false } as const;
  return lowerProgram(traced.graph, place, { float32Scopes: [] }).model;
}

/** Results under their paths in the tree of results. */
function named(results: readonly HostTensor["data"][]): Numbers {
  const tree = unflatten<number>(
    traced.result,
    results.map((_, i) => i),
  );
  return new Map(leafPaths(tree as Tree<number>).map((path, i) => [path, results[i]!]));
}

const { block } = await probeCpu();
const usesWinograd = ({ nodes }: OnnxModel): boolean =>
  nodes.some(({ op, attributes }) => op === "FusedMatMul" && attributes?.transB !== undefined);

describe("a training step in every lowering, on every machine", () => {
  let exact: Numbers;

  beforeAll(async () => {
    const doubles = await inDoubles(async () =>
      numbers(await eager(step as never)(...(args as never as DeviceTensor[]))),
    );
    expect(doubles.margin, "the nearest input of a ReLU to zero").toBeGreaterThan(leastMargin);
    exact = doubles.value;
  }, 120_000);

  const fault = (results: readonly HostTensor["data"][]) => farFromExact(named(results), exact, exact);
  const expectExact = (results: readonly HostTensor["data"][]): void =>
    expect(fault(results)).toBeUndefined();

  it("portable", async () => expectExact(await runOnce(modelFor(portable), inputs)));

  it.each([8, 16])("blocks of %i", async (size) => {
    const model = modelFor(blocked(size));
    const operators = model.nodes.filter(({ domain }) => domain === "com.microsoft.nchwc");
    expect(operators.length).toBeGreaterThan(25);
    expect(usesWinograd(model)).toBe(true);
    expect(model.metadata).toMatchObject({ "jessl.block": String(size) });
    expectExact(await onMachineWith(size, runOnce)(model, inputs));
  });

  it.each([
    [8, 16],
    [16, 8],
  ])("blocks of %i on a machine with blocks of %i do not pass", async (size, machine) => {
    const results = onMachineWith(machine, runOnce)(modelFor(blocked(size)), inputs);
    expect(await results.then(fault, String)).toMatch(/off by|Non-zero status/);
  });

  const title = "standard operators give what this machine's blocked ones do";
  testWhere(block !== undefined, noBlocks, title, async () => {
    const model = modelFor(blocked(block!));
    const [own, standard] = [
      await runOnce(model, inputs),
      await onMachineWith(block!, runOnce)(model, inputs),
    ];
    expectExact(own);
    for (const [i, data] of own.entries()) expect(relativeError(standard[i]!, data)).toBeLessThan(2e-5);
  });

  if (canBeHaswell)
    describeWith(haswellParts, "on a processor without AVX-512", () => {
      it("true blocks of 8", { timeout: 300_000 }, async () => {
        expect(await findBlock(onHaswell)).toBe(8);
        expectExact(await onHaswell(modelFor(blocked(8)), inputs));
      });

      it("true blocks of 8 are not those of a program for 16, and the self-test says so", {
        timeout: 300_000,
      }, async () => {
        const results = onHaswell(modelFor(blocked(16)), inputs);
        expect(await results.then(fault, String)).toMatch(/off by|Non-zero status/);
        expect(await findFault(blocked(16), onHaswell)).toMatch(/is off by|Non-zero status/);
      });
    });
});

describe("the probe, for every outcome", () => {
  it.each([8, 16])("takes blocks of %i on a machine that has them", async (size) => {
    const run = onMachineWith(size, runOnce);
    const { target, ...rest } = await probe(run);
    expect(target.block).toBe(size);
    expect(rest).toEqual({ block: size, fault: undefined });
  });

  it.each([
    [8, 16],
    [16, 8],
  ])("does not take blocks of %i on a machine with blocks of %i", async (size, machine) => {
    const run = onMachineWith(machine, runOnce);
    expect(await findBlock(run)).toBe(machine);
    expect(await findFault(blocked(size), run)).toMatch(/is off by|Non-zero status/);
    const deceived = await probe((model, tensors) =>
      (model.name === "block size" ? onMachineWith(size, runOnce) : run)(model, tensors),
    );
    expect(deceived.target).toBe(portable);
    expect(deceived).toMatchObject({
      block: size,
      fault: expect.stringMatching(/is off by|Non-zero status/),
    });
  });
});
