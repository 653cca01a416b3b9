/**
 * What ONNX Runtime's CPU provider can do here. Its blocked operators are internal: whether they are there, and how many
 * channels a block has, depends on its version and on the processor, and a model built for another block runs without
 * an error and gives wrong numbers. So tiny programs run before the blocked lowering is used: one shows the block size,
 * the others hold its convolutions and their gradients against those of the portable lowering, in standard operators.
 */
import { type Attributes, GraphBuilder, type Value } from "../graph/graph.js";
import { type HostTensor, sizeOf } from "../host.js";
import { blocked } from "../lower/blocked/index.js";
import { blockedDomain } from "../lower/blocked/layout.js";
import { Lowering, type Target } from "../lower/lowering.js";
import { encodeModel, type OnnxModel } from "../lower/onnx.js";
import { portable } from "../lower/portable/index.js";
import { Session } from "./session.js";

/** Why the blocked lowering is or is not used. */
export interface ProbeResult {
  readonly target: Target;
  /** Channels in a block of the blocked operators; undefined where ONNX Runtime has none. */
  readonly block: number | undefined;
  /** What speaks against the blocked lowering although the operators are there. */
  readonly fault: string | undefined;
}

/** Runs a model on tensors of the host. */
export type Run = (model: OnnxModel, inputs: readonly HostTensor[]) => Promise<HostTensor["data"][]>;

/** Runs a model once on the CPU, in one thread. @throws DeviceError when ONNX Runtime refuses it */
export const runOnce: Run = async (model, inputs) => {
  const session = await Session.create(model, encodeModel(model), { providers: ["cpu"], threads: 1 });
  try {
    return await session.runOnHost(inputs.map(({ data }) => data));
  } finally {
    await session.dispose();
  }
};

/** How many channels a block of ONNX Runtime's blocked operators has here; undefined where it has no such operators. */
export async function findBlock(run: Run = runOnce): Promise<number | undefined> {
  const shape = [1, 32, 1, 2];
  const numbers = { data: Float32Array.from({ length: 64 }, (_, i) => i), shape, dtype: "float32" as const };
  const model: OnnxModel = {
    name: "block size",
    inputs: [{ name: "i0", type: "float32", shape }],
    outputs: [{ name: "o0", type: "float32", shape }],
    initializers: [],
    nodes: [{ op: "ReorderInput", domain: blockedDomain, inputs: ["i0"], outputs: ["o0"] }],
    opsets: { "": 18, [blockedDomain]: 1 },
  };
  try {
    // Pixels of a channel lie side by side before (0, 1), and a block apart afterwards.
    const [reordered] = await run(model, [numbers]);
    const block = reordered!.indexOf(1);
    return block > 1 && 32 % block === 0 ? block : undefined;
  } catch {
    return undefined;
  }
}

/** A fixed series of numbers between −0.5 and 0.5 without pattern. */
function series(shape: readonly number[], seed: number): HostTensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return x - Math.floor(x) - 0.5;
  });
  return { data, shape, dtype: "float32" };
}

/** Every kind of convolution that the blocked lowering makes, on 32 channels and on the 3 of a first layer. */
function convolutions(): { builder: GraphBuilder; outputs: Value[]; inputs: HostTensor[] } {
  const builder = new GraphBuilder();
  const inputs: HostTensor[] = [];
  const input = (...shape: number[]): Value => {
    inputs.push(series(shape, inputs.length));
    return builder.input({ shape, dtype: "float32" });
  };
  const add = (op: string, operands: Value[], shape: readonly number[], attributes: Attributes): Value =>
    builder.add(op, operands, attributes, [{ shape, dtype: "float32" }]).outputs[0]!;
  const outputs: Value[] = [];
  for (const [samples, channels, stride] of [
    [2, 3, 1],
    [2, 32, 1],
    [2, 32, 2],
    [16, 32, 1],
  ] as const) {
    const side = samples === 2 ? 6 : 3;
    const inputShape = [samples, side, side, channels];
    const filterShape = [3, 3, channels, 32];
    const size = side / stride;
    const attributes = { strides: [stride, stride], dilations: [1, 1], padding: [1, 1, 1, 1] };
    const [x, filter, dy] = [input(...inputShape), input(...filterShape), input(samples, size, size, 32)];
    const y = add("Conv2D", [x, filter], dy.shape, attributes);
    outputs.push(add("Relu", [y], y.shape, {}));
    outputs.push(add("Sum", [y], [32], { axes: [0, 1, 2], keepDims: false }));
    outputs.push(add("Conv2DBackpropFilter", [x, dy], filterShape, { ...attributes, filterShape }));
    outputs.push(add("Conv2DBackpropInput", [dy, filter], inputShape, { ...attributes, inputShape }));
  }
  return { builder, outputs, inputs };
}

/** What is wrong with a target's numbers on this machine; undefined when they agree with the portable lowering's. */
export async function findFault(target: Target, run: Run = runOnce): Promise<string | undefined> {
  const { builder, outputs, inputs } = convolutions();
  const graph = builder.finish("self-test", outputs);
  let results: HostTensor["data"][][];
  try {
    results = [
      await run(new Lowering(target.prepare?.(graph) ?? graph, target).model(), inputs),
      await run(new Lowering(graph, portable).model(), inputs),
    ];
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const [actual, expected] = results as [HostTensor["data"][], HostTensor["data"][]];
  for (const [i, data] of expected.entries()) {
    const scale = Math.max(...data.map(Math.abs));
    const difference = Math.max(...data.map((x, j) => Math.abs(x - actual[i]![j]!)));
    if (!(difference <= 1e-4 * scale)) {
      const { op, inputs: operands } = outputs[i]!.node!;
      return `${op} of ${operands[0]!.shape.join("×")} is off by ${difference.toPrecision(3)}, where ${(1e-4 * scale).toPrecision(3)} was allowed`;
    }
  }
  return undefined;
}

/** The fastest lowering that is right on this machine. */
export async function probe(run: Run = runOnce): Promise<ProbeResult> {
  const block = await findBlock(run);
  if (block === undefined) return { target: portable, block, fault: undefined };
  const target = blocked(block);
  const fault = await findFault(target, run);
  return { target: fault === undefined ? target : portable, block, fault };
}
