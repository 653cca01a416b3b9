/**
 * Mixed precision. What a GPU would compute is computed on the CPU with every number rounded as float16 is; the graph
 * that a GPU gets is held against ONNX Runtime's type checks.
 */
import { describe, expect, it } from "vitest";
import { flattenArguments } from "../../src/engine/arguments.js";
import { lowerProgram, traceProgram } from "../../src/engine/compile.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import { mixedPrecision } from "../../src/engine/graph/passes/mixed.js";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { portable } from "../../src/engine/lower/portable/index.js";
import { findDevice } from "../../src/engine/run/device.js";
import { Session } from "../../src/engine/run/session.js";
import { deviceStatus } from "../../src/engine/run/status.js";
import { tf } from "../../src/engine/tf.js";
import { toHost } from "../../src/engine/to-host.js";
import { scope } from "../../src/engine/trace/trace.js";
import { leafPaths, type Tree, unflatten } from "../../src/engine/tree.js";
import { namedLeaves } from "../../src/train/checkpoint.js";
import { createDataset } from "../../src/train/dataset.js";
import { createProgram, type TrainProgram } from "../../src/train/program.js";
import { floats } from "../support/data.js";
import { describeWith } from "../support/needs.js";
import { softwareGpu } from "../support/software-gpu.js";
import { tinyConfig, tinyDataset } from "../train/methods/tiny.js";

/** The nearest float16, ties to even: 11 digits, fewer below 2^−14, infinite from 65520 on. */
function nearestHalf(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10);
  const whole = Math.floor(x / unit);
  const rest = x / unit - whole;
  const up = rest > 0.5 || (rest === 0.5 && whole % 2 !== 0);
  const rounded = (up ? whole + 1 : whole) * unit;
  return Math.abs(rounded) >= 65520 ? Math.sign(x) * Number.POSITIVE_INFINITY : rounded;
}

const cpu = { precision: "mixed" } as const;

/** ‖a − e‖ / ‖e‖ */
function distance(a: ArrayLike<number>, e: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < e.length; i++) {
    difference += (a[i]! - e[i]!) ** 2;
    size += e[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

describe("products in float16", () => {
  it("operands and results are rounded to the nearest float16, ties to even, infinite above", async () => {
    const special = [1 / 3, 2049, 2051, 65504, 65519, 65520, -1e9, 1e-7, 6e-8, 2e-8, 6.1e-5, 0, -0.1];
    const x = Float32Array.from([...special, ...floats([115], 3, -300, 300).data]);
    const times = jit((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b), cpu);
    const one = await times(hostTensor(x, [x.length, 1]), hostTensor(Float32Array.of(1), [1, 1]));
    expect([...(await one.data())]).toEqual([...x].map((value) => nearestHalf(Math.fround(value))));
    const square = await times(
      hostTensor(x.slice(13, 77), [64, 1]),
      hostTensor(Float32Array.of(1.7), [1, 1]),
    );
    const expected = [...x.slice(13, 77)].map((value) => nearestHalf(nearestHalf(value) * nearestHalf(1.7)));
    expect([...(await square.data())]).toEqual(expected);
    await times.dispose();
  });

  it("sums over operands that were rounded are those of float32", async () => {
    const [a, b] = [floats([24, 40], 1), floats([40, 16], 2)];
    const rounded = ({ data, shape }: HostTensor) => hostTensor(Float32Array.from(data, nearestHalf), shape);
    const product = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y);
    const [half, full] = [jit(product, cpu), jit(product)];
    const actual = await (await half(a, b)).data();
    const exact = await (await full(rounded(a), rounded(b))).data();
    for (const [i, value] of actual.entries())
      expect(Math.abs(value - exact[i]!)).toBeLessThanOrEqual(2 ** -11 * Math.abs(exact[i]!) + 1e-6);
    expect(distance(actual, exact)).toBeGreaterThan(1e-5);
    await Promise.all([half.dispose(), full.dispose()]);
  });

  it("all else stays float32, and so do the products of named scopes and their gradients", () => {
    const program = (x: tf.Tensor, w: tf.Tensor) => {
      const f = (v: tf.Tensor) =>
        scope("loss", () => tf.sum(tf.softmax(tf.matMul(tf.relu(scope("net", () => tf.matMul(v, w))), w))));
      return valueAndGrad((v: tf.Tensor) => ({ loss: f(v) }))(x).grads;
    };
    const args = flattenArguments([floats([4, 4], 1), floats([4, 4], 2)]);
    const { graph } = traceProgram("program", program as never, args);
    const halves = (kept: string[]) =>
      mixedPrecision(graph, { float32Scopes: kept }).nodes.filter(
        ({ outputs }) => outputs[0]!.dtype === "float16",
      );
    expect(new Set(halves([]).map(({ op }) => op))).toEqual(new Set(["Cast", "BatchMatMul"]));
    const products = (kept: string[]) =>
      halves(kept)
        .filter(({ op }) => op === "BatchMatMul")
        .map((node) => node.scope);
    expect(products([])).toEqual(["loss/net", "loss", "gradient/loss", "gradient/loss/net"]);
    expect(products(["net"])).toEqual(["loss", "gradient/loss"]);
    expect(products(["loss"])).toEqual([]);
  });

  it("sums that are too long for a device stay float32", () => {
    const conv = (x: tf.Tensor, w: tf.Tensor) =>
      tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, "same"))([x, w]);
    const args = flattenArguments([floats([4, 8, 8, 2], 1), floats([3, 3, 2, 3], 2)]);
    const { graph } = traceProgram("conv", conv as never, args);
    const halved = (longestSum?: number) =>
      mixedPrecision(graph, longestSum === undefined ? {} : { longestSum })
        .nodes.filter(({ op, outputs }) => op.startsWith("Conv") && outputs[0]!.dtype === "float16")
        .map(({ op }) => op);
    expect(halved()).toEqual(["Conv2DBackpropInput", "Conv2DBackpropFilter"]);
    expect(halved(256)).toEqual(halved()); // 4 · 8 · 8 pixels
    expect(halved(255)).toEqual(["Conv2DBackpropInput"]); // 9 · 3
    expect(halved(26)).toEqual([]);
  });

  it("a value is not widened where it only moves between two products", () => {
    const attention = (x: tf.Tensor, w: tf.Tensor) => {
      const heads = tf.transpose(tf.reshape(tf.matMul(x, w), [4, 2, 3]), [1, 0, 2]);
      return tf.matMul(heads, heads, false, true);
    };
    const args = flattenArguments([floats([4, 6], 1), floats([6, 6], 2)]);
    const { graph } = traceProgram("attention", attention as never, args);
    const ops = mixedPrecision(graph).nodes.map(({ op }) => op);
    expect(ops).toEqual(["Cast", "Cast", "BatchMatMul", "Reshape", "Transpose", "BatchMatMul", "Cast"]);
  });
});

describe("a training step", () => {
  // Images of one kind have nearly the same mean over all pixels; batch norm scales up what is left of it, and with it the
  // rounding. The gradients of SimCLR at the start feel that more than those of the classes.
  it.each([
    ["supervised", 1e-2],
    ["simclr", 3e-2],
  ])("%s: float32's loss and gradients within %d, but not its bits", async (method, bound) => {
    const config = tinyConfig(
      "encoder.widths=[8,16]",
      "batch=32",
      "data.train=64",
      "lossScale.start=1024",
      `method.name=${method}`,
    );
    const dataset = await createDataset(config, "train");
    const [half, full] = (["mixed", "float32"] as const).map((precision) =>
      createProgram({ ...config, precision }, dataset),
    ) as [TrainProgram, TrainProgram];
    const [a, e] = [await half.run(half.initial(), 0), await full.run(full.initial(), 0)];
    expect(Math.abs(a.metrics.loss! - e.metrics.loss!)).toBeLessThan(1e-3);
    expect(a.metrics).toMatchObject({ skipped: 0, lossScale: 1024 });
    // After the first step of SGD the momentum is the gradient, with what decays the weights.
    const gradients = async ({ state }: typeof a) => namedLeaves((await toHost(state)) as Tree<HostTensor>);
    const [actual, expected] = [await gradients(a), await gradients(e)];
    const paths = [...expected.keys()].filter((path) => /^optimiser.momentum.*kernel$/.test(path));
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) {
      const error = distance(actual.get(path)!.data, expected.get(path)!.data);
      expect(error, path).toBeLessThan(bound);
      expect(error, path).toBeGreaterThan(1e-5);
    }
    await Promise.all([half.dispose(), full.dispose()]);
  });

  const encoders = ["convnet", "resnet18", "vgg11", "vit"];
  it.each(encoders)(
    "%s: as a GPU gets it, in real float16, ONNX Runtime takes it and gives float32's loss",
    async (name) => {
      const overrides =
        name === "convnet"
          ? []
          : [`encoder={name: ${name}, width: 8${name === "vit" ? ", depth: 2, heads: 2" : ""}}`];
      const config = { ...tinyConfig(...overrides), precision: "mixed" as const };
      const program = createProgram(config, tinyDataset(24, 32));
      const args = flattenArguments([program.initial(), program.input(0)]);
      const { graph, result } = traceProgram("train", program.step as never, args);
      const run = async (mixed: object | undefined) => {
        const device = { ...(await findDevice("cpu")), target: portable, ...(mixed && { mixed }) };
        const { model, bytes } = lowerProgram(graph, device, { float32Scopes: ["views", "loss"] });
        const session = await Session.create(model, bytes, { providers: ["cpu"] });
        const outputs = await session.runOnHost(args.leaves.map((leaf) => (leaf as HostTensor).data));
        await session.dispose();
        return {
          outputs,
          halves: model.nodes.filter(
            ({ op, attributes }) => op === "Cast" && JSON.stringify(attributes) === '{"to":{"i":10}}',
          ).length,
        };
      };
      const [half, full] = [await run({}), await run(undefined)];
      expect(half.halves).toBeGreaterThan(10);
      expect(full.halves).toBe(0);
      const paths = leafPaths(
        unflatten(
          result,
          full.outputs.map((_, i) => i),
        ),
      );
      const loss = paths.indexOf("metrics.loss");
      expect(half.outputs[loss]![0]!).toBeCloseTo(full.outputs[loss]![0]!, 1);
    },
  );
});

describe("devices without it say so", () => {
  it.each(["wasm", "tensorflow"] as const)("%s", async (device) => {
    const product = async () =>
      jit((x: tf.Tensor) => tf.matMul(x, x), { device, precision: "mixed" })(floats([2, 2]));
    await expect(product()).rejects.toThrow(
      `precision mixed: expected the device webgpu, cuda or cpu, got ${device}`,
    );
  });
});

describeWith(softwareGpu, "webgpu without float16 arithmetic, as in software", () => {
  it("is an error that names what is missing", async () => {
    const product = jit((x: tf.Tensor) => tf.matMul(x, x), { device: "webgpu", precision: "mixed" });
    await expect(product(floats([2, 2]))).rejects.toThrow(/precision mixed on webgpu: .*float16.*shader-f16/);
    expect(await deviceStatus("webgpu")).toMatchObject({
      here: true,
      mixed: expect.stringMatching(/^no mixed precision: .*shader-f16/),
    });
  });
});
