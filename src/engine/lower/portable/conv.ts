/**
 * Convolutions and their gradients in standard ONNX operators, channels first.
 *
 * Input gradient: at stride 1 it is a convolution of dy with the filter turned by half a turn; otherwise ConvTranspose.
 *
 * Filter gradient: dW[a, b, c, k] = Σ x[n, a + s·i, b + s·j, c] · dy[n, i, j, k] is one convolution of batch 1. The image is
 * x as [1, N, H, W·C] (NHWC as it lies, no copy), the kernels are dy as [K, N, OH, OW], dilated by (s, s·C); the result is
 * [1, K, kh, kw·C]. It runs several times faster than the textbook form, which swaps batch and channels of x.
 */
import type { Node, Value } from "../../graph/graph.js";
import { channelsFirst } from "../layout.js";
import type { Lowering, LoweringTable } from "../lowering.js";
import type { OnnxAttribute } from "../onnx.js";

export interface Geometry {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, bottom, left, right */
  readonly padding: readonly [number, number, number, number];
  /** Height and width of the filter, gaps of a dilated one included. */
  readonly extent: readonly [number, number];
}

/** The numbers of a convolution node; `filter` is the filter's shape. */
export function geometry(node: Node, filter: readonly number[]): Geometry {
  const { strides, dilations, padding } = node.attributes as unknown as Geometry;
  const extent = [1 + (filter[0]! - 1) * dilations[0], 1 + (filter[1]! - 1) * dilations[1]] as const;
  return { strides, dilations, padding, extent };
}

const ints = (...values: number[]): OnnxAttribute => ({ ints: values });

function attributes({ strides, dilations, padding: [top, bottom, left, right] }: Geometry) {
  return {
    strides: ints(...strides),
    dilations: ints(...dilations),
    pads: ints(top, left, bottom, right),
  };
}

/** A filter HWIO as ONNX wants it: OIHW. */
const oihw = (l: Lowering, filter: Value): string =>
  l.form(filter, "oihw", () => l.transpose(l.plain(filter), [3, 2, 0, 1]));

/** A depthwise filter [H, W, C, M] as one output channel a group: [C·M, 1, H, W]. */
const grouped = (l: Lowering, filter: Value): string =>
  l.form(filter, "grouped", () => {
    const [h, w, c, m] = filter.shape as [number, number, number, number];
    return l.reshape(l.transpose(l.plain(filter), [2, 3, 0, 1]), [c * m, 1, h, w]);
  });

/** A filter for the input gradient: turned by half a turn, input and output channels swapped: IOHW. */
const turned = (l: Lowering, filter: Value): string =>
  l.form(filter, "turned", () => {
    const swapped = l.transpose(l.plain(filter), [2, 3, 0, 1]);
    if (filter.shape[0] === 1 && filter.shape[1] === 1) return swapped;
    const backward = l.ints([-1, -1]);
    return l.emit("Slice", [swapped, backward, l.ints([-(2 ** 53), -(2 ** 53)]), l.ints([2, 3]), backward]);
  });

/** ConvTranspose, with as much output padding as the rows and columns need that the stride left out. */
function transposed(l: Lowering, dy: string, filter: string, node: Node, g: Geometry, group: number): string {
  const [dyValue] = node.inputs;
  const [, ...spatial] = node.attributes.inputShape as readonly number[];
  const [top, bottom, left, right] = g.padding;
  const rest = [0, 1].map(
    (i) =>
      spatial[i]! -
      ((dyValue!.shape[i + 1]! - 1) * g.strides[i]! + g.extent[i]! - [top + bottom, left + right][i]!),
  );
  return l.emit("ConvTranspose", [dy, filter], {
    ...attributes(g),
    group: { i: group },
    output_padding: ints(...rest),
  });
}

/**
 * Where the pads of the filter gradient's convolution end, and how many results it has. Rows that the stride never
 * reached would want a negative pad; then the convolution gives more results than the filter is long, to be cut.
 */
export function gradientPad(
  length: number,
  outputs: number,
  stride: number,
  extent: number,
  before: number,
): { after: number; results: number } {
  const after = Math.max(0, stride * (outputs - 1) + extent - length - before);
  return { after, results: length + before + after - stride * (outputs - 1) };
}

function filterGradient(l: Lowering, node: Node): string {
  const [x, dy] = node.inputs as [Value, Value];
  const shape = node.attributes.filterShape as readonly [number, number, number, number];
  const [kh, kw, c, k] = shape;
  const [n, h, w] = x.shape as [number, number, number, number];
  const [, oh, ow] = dy.shape as [number, number, number, number];
  const g = geometry(node, shape);
  const [sh, sw] = g.strides;
  if (kh * kw * sh * sw === 1 && g.padding.every((pad) => pad === 0)) {
    const [left, right] = [l.reshape(l.plain(x), [n * h * w, c]), l.reshape(l.plain(dy), [n * oh * ow, k])];
    return l.reshape(l.emit("Gemm", [left, right], { transA: { i: 1 } }), shape);
  }
  const rows = gradientPad(h, oh, sh, g.extent[0], g.padding[0]);
  const columns = gradientPad(w, ow, sw, g.extent[1], g.padding[2]);
  const image = l.reshape(l.plain(x), [1, n, h, w * c]);
  const kernels = l.transpose(l.image(dy, channelsFirst), [1, 0, 2, 3]);
  const gradient = l.emit("Conv", [image, kernels], {
    dilations: ints(sh, sw * c),
    pads: ints(g.padding[0], g.padding[2] * c, rows.after, columns.after * c),
  });
  const taps = l.reshape(gradient, [k, rows.results, columns.results, c]);
  return l.transpose(picked(l, taps, g, [kh, kw], [rows.results, columns.results]), [1, 2, 3, 0]);
}

/** From all distances between filter taps, those that the filter has: every dilation-th, and no more than its length. */
export function picked(
  l: Lowering,
  taps: string,
  { dilations, extent }: Geometry,
  length: readonly [number, number],
  results: readonly [number, number],
  axes: readonly [number, number] = [1, 2],
): string {
  if (length[0] === results[0] && length[1] === results[1]) return taps;
  return l.emit("Slice", [taps, l.ints([0, 0]), l.ints(extent), l.ints(axes), l.ints(dilations)]);
}

function depthwiseFilterGradient(l: Lowering, node: Node): string {
  const [x, dy] = node.inputs as [Value, Value];
  const shape = node.attributes.filterShape as readonly [number, number, number, number];
  const [kh, kw, c, m] = shape;
  const [n, h, w] = x.shape as [number, number, number, number];
  const [, oh, ow] = dy.shape as [number, number, number, number];
  const g = geometry(node, shape);
  const rows = gradientPad(h, oh, g.strides[0], g.extent[0], g.padding[0]);
  const columns = gradientPad(w, ow, g.strides[1], g.extent[1], g.padding[2]);
  const image = l.reshape(l.transpose(l.image(x, channelsFirst), [1, 0, 2, 3]), [1, c * n, h, w]);
  const kernels = l.transpose(l.image(dy, channelsFirst), [1, 0, 2, 3]);
  const gradient = l.emit("Conv", [image, kernels], {
    dilations: ints(...g.strides),
    pads: ints(g.padding[0], g.padding[2], rows.after, columns.after),
    group: { i: c },
  });
  const taps = picked(l, gradient, g, [kh, kw], [rows.results, columns.results], [2, 3]);
  return l.transpose(l.reshape(taps, [c, m, kh, kw]), [2, 3, 0, 1]);
}

export const convRules: LoweringTable = {
  Conv2D(l, node) {
    const [x, filter] = node.inputs as [Value, Value];
    const g = geometry(node, filter.shape);
    l.set(
      node.outputs[0]!,
      l.emit("Conv", [l.image(x, channelsFirst), oihw(l, filter)], attributes(g)),
      channelsFirst,
    );
  },
  Conv2DBackpropInput(l, node) {
    const [dy, filter] = node.inputs as [Value, Value];
    const g = geometry(node, filter.shape);
    const [top, bottom, left, right] = g.padding;
    const padding = [g.extent[0] - 1 - top, g.extent[0] - 1 - bottom, g.extent[1] - 1 - left, g.extent[1] - 1 - right];
    const gradient = l.image(dy, channelsFirst);
    const plainStride = g.strides.every((stride) => stride === 1) && padding.every((pad) => pad >= 0);
    const result = plainStride
      ? l.emit("Conv", [gradient, turned(l, filter)], attributes({ ...g, padding: padding as unknown as Geometry["padding"] }))
      : transposed(l, gradient, oihw(l, filter), node, g, 1);
    l.set(node.outputs[0]!, result, channelsFirst);
  },
  Conv2DBackpropFilter: (l, node) => l.set(node.outputs[0]!, filterGradient(l, node)),
  DepthwiseConv2dNative(l, node) {
    const [x, filter] = node.inputs as [Value, Value];
    const group = { group: { i: filter.shape[2]! } };
    const g = geometry(node, filter.shape);
    const result = l.emit("Conv", [l.image(x, channelsFirst), grouped(l, filter)], { ...attributes(g), ...group });
    l.set(node.outputs[0]!, result, channelsFirst);
  },
  DepthwiseConv2dNativeBackpropInput(l, node) {
    const [dy, filter] = node.inputs as [Value, Value];
    const g = geometry(node, filter.shape);
    const gradient = l.image(dy, channelsFirst);
    l.set(
      node.outputs[0]!,
      transposed(l, gradient, grouped(l, filter), node, g, filter.shape[2]!),
      channelsFirst,
    );
  },
  DepthwiseConv2dNativeBackpropFilter: (l, node) =>
    l.set(node.outputs[0]!, depthwiseFilterGradient(l, node)),
}; // biome-ignore format: a table
