/**
 * Computes nodes with the kernels of TensorFlow.js's cpu backend, on host data. Constant folding uses it for single nodes;
 * tests run whole graphs with it, so that what was recorded and what the passes made of it can be compared with the eager
 * function, without a compiler in between. The kernels are called directly: the engine's state is not touched.
 */
import { CompileError } from "../../support/errors.js";
import { type ElementType, type HostTensor, sizeOf, type TensorData } from "../host.js";
import { tf } from "../tf.js";
import { constantData, type Graph, type Node, type Value } from "./graph.js";

type Infos = readonly tf.TensorInfo[];
type Attrs = { readonly [name: string]: unknown };
/** How a node is put to its kernel: names of the inputs in order, and the kernel's own attributes. */
interface Call {
  readonly names: readonly string[];
  readonly attributes?: (node: Node) => Attrs;
}

interface CpuBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: TensorData): tf.TensorInfo;
  readSync(dataId: object): TensorData;
  disposeData(dataId: object, force?: boolean): boolean;
}
const cpu = (): CpuBackend => tf.findBackend("cpu") as unknown as CpuBackend;

const padded = ({ attributes: { strides, dilations, padding, filterSize, inputShape, filterShape } }: Node): Attrs => {
  const [top, bottom, left, right] = padding as readonly [number, number, number, number];
  return {
    strides, dilations, filterSize, inputShape, filterShape, dataFormat: "NHWC",
    pad: [[0, 0], [top, bottom], [left, right], [0, 0]],
  };
}; // biome-ignore format: attributes in rows
const reduced = ({ attributes: { axes, keepDims } }: Node): Attrs => ({ axis: axes, keepDims });

const calls: { readonly [op: string]: Call } = {
  Prelu: { names: ["x", "alpha"] },
  EluGrad: { names: ["dy", "y"] },
  Select: { names: ["condition", "t", "e"] },
  Cast: { names: ["x"], attributes: (node) => ({ dtype: node.outputs[0]!.dtype }) },
  Conv2D: { names: ["x", "filter"], attributes: padded },
  Conv2DBackpropInput: { names: ["dy", "filter"], attributes: padded },
  Conv2DBackpropFilter: { names: ["x", "dy"], attributes: padded },
  DepthwiseConv2dNative: { names: ["x", "filter"], attributes: padded },
  DepthwiseConv2dNativeBackpropInput: { names: ["dy", "filter"], attributes: padded },
  DepthwiseConv2dNativeBackpropFilter: { names: ["x", "dy"], attributes: padded },
  MaxPool: { names: ["x"], attributes: padded },
  AvgPool: { names: ["x"], attributes: padded },
  MaxPoolGrad: { names: ["dy", "input", "output"], attributes: padded },
  AvgPoolGrad: { names: ["dy", "input"], attributes: padded },
  Sum: { names: ["x"], attributes: reduced },
  Prod: { names: ["x"], attributes: reduced },
  Mean: { names: ["x"], attributes: reduced },
  Max: {
    names: ["x"],
    attributes: ({ attributes: { axes, keepDims } }) => ({ reductionIndices: axes, keepDims }),
  },
  Min: { names: ["x"], attributes: reduced },
  All: { names: ["x"], attributes: reduced },
  Any: { names: ["x"], attributes: reduced },
  Softmax: { names: ["logits"], attributes: ({ attributes }) => ({ dim: attributes.axis }) },
  LogSoftmax: { names: ["logits"] },
  Reverse: { names: ["x"], attributes: ({ attributes }) => ({ dims: attributes.axes }) },
  SplitV: {
    names: ["x"],
    attributes: ({ attributes }) => ({ axis: attributes.axis, numOrSizeSplits: attributes.sizes }),
  },
  Unpack: { names: ["value"] },
  PadV2: {
    names: ["x"],
    attributes: ({ attributes }) => ({ paddings: attributes.paddings, constantValue: attributes.value }),
  },
  GatherV2: {
    names: ["x", "indices"],
    attributes: ({ attributes }) => ({ axis: attributes.axis, batchDims: attributes.batchDims ?? 0 }),
  },
  UnsortedSegmentSum: { names: ["x", "segmentIds"] },
  OneHot: {
    names: ["indices"],
    attributes: ({ attributes, outputs }) => ({ ...attributes, dtype: outputs[0]!.dtype }),
  },
  StridedSlice: { names: ["x"], attributes: stridedSliceAttributes },
};

// The end of a backward slice that takes in the first element is -1, which TensorFlow.js would read as "the last".
function stridedSliceAttributes({ attributes: { begin, end, strides } }: Node): Attrs {
  const ends = end as readonly number[];
  const endMask = ends.reduce((mask, stop, i) => (stop < 0 ? mask | (1 << i) : mask), 0);
  const masks = { beginMask: 0, endMask, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
  return { begin, end: ends.map((stop) => Math.max(stop, 0)), strides, ...masks };
}

function callOf(node: Node): Call {
  const call = calls[node.op];
  if (call) return call;
  return { names: node.inputs.length === 2 ? ["a", "b"] : ["x"] };
}

function runKernel(node: Node, infos: Infos): tf.TensorInfo[] {
  const backend = cpu();
  const { shape } = node.outputs[0]!;
  if (node.op === "BroadcastTo") return [broadcast(shape, infos[0]!)];
  const kernel = tf.getKernel(node.op, "cpu");
  if (!kernel) throw new CompileError(`kernel ${node.op}: TensorFlow.js's cpu backend has none of this name`);
  const { names, attributes } = callOf(node);
  // The kernel wants three operands of one shape; nodes broadcast like any other elementwise operation.
  const all = node.op === "Select" ? infos.map((info) => broadcast(shape, info)) : [...infos];
  // The kernel broadcasts one axis of batches only.
  if (node.op === "BatchMatMul" && shape.length > 3)
    for (const [i, info] of infos.entries())
      all[i] = broadcast([...shape.slice(0, -2), ...info.shape.slice(-2)], info);
  // The gradient of average pooling takes the shape of the input only, so the graph does not hold on to the tensor.
  if (node.op === "AvgPoolGrad") all.push({ dataId: {}, shape: [...shape], dtype: "float32" });
  const inputs = ["AddN", "Concat", "Pack"].includes(node.op)
    ? (all as unknown as { [name: string]: tf.TensorInfo })
    : Object.fromEntries(all.map((info, i) => [names[i]!, info]));
  const attrs = attributes ? attributes(node) : node.attributes;
  const result = kernel.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend });
  return Array.isArray(result) ? result : [result];
}

function broadcast(shape: readonly number[], x: tf.TensorInfo): tf.TensorInfo {
  const backend = cpu();
  const source = backend.readSync(x.dataId);
  const out = (source.constructor as Float32ArrayConstructor).from({ length: sizeOf(shape) });
  const strides = tf.util.computeStrides([...x.shape, 1]);
  for (let i = 0; i < out.length; i++) {
    let rest = i;
    let from = 0;
    for (let axis = shape.length - 1, own = x.shape.length - 1; axis >= 0; axis--, own--) {
      const place = rest % shape[axis]!;
      rest = (rest - place) / shape[axis]!;
      if (own >= 0 && x.shape[own] !== 1) from += place * strides[own]!;
    }
    out[i] = source[from]!;
  }
  return backend.makeTensorInfo([...shape], x.dtype, out);
}

/** The outputs of one node from the data of its inputs. */
export function evaluateNode(node: Node, inputs: readonly TensorData[]): TensorData[] {
  const backend = cpu();
  const infos = node.inputs.map(({ shape, dtype }, i) =>
    backend.makeTensorInfo([...shape], dtype === "uint8" ? "int32" : (dtype as tf.DataType), inputs[i]!),
  );
  const outputs = runKernel(node, infos);
  const data = outputs.map(({ dataId }, i) => {
    const type = node.outputs[i]!.dtype;
    const values = backend.readSync(dataId);
    if (type === "float32") return new Float32Array(values);
    return type === "int32" ? new Int32Array(values) : new Uint8Array(values);
  });
  for (const { dataId } of [...infos, ...outputs]) backend.disposeData(dataId, true);
  return data;
}

/** The outputs of a graph. */
export function interpret(graph: Graph, inputs: readonly HostTensor[]): HostTensor[] {
  const known = new Map<Value, TensorData>(graph.inputs.map((value, i) => [value, inputs[i]!.data]));
  for (const node of graph.nodes) {
    const outputs =
      node.constant === undefined
        ? evaluateNode(
            node,
            node.inputs.map((value) => known.get(value)!),
          )
        : [constantData(node.outputs[0]!)!];
    for (const [i, value] of node.outputs.entries()) known.set(value, outputs[i]!);
  }
  return graph.outputs.map((value) => ({
    data: known.get(value)!,
    shape: value.shape,
    dtype: value.dtype as ElementType,
  }));
}
