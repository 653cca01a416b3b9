/**
 * Convolutions and their gradients on blocked tensors, with ONNX Runtime's `com.microsoft.nchwc` operators, which take
 * the filter as an input like any other.
 *
 * Input gradient: the pixels of the image fall into as many phases as the stride has steps, and each phase is a
 * convolution of dy with the taps that reach it, turned by half a turn; stride 1 has one phase. The phases are then
 * interleaved. The filter gradient has a file of its own.
 *
 * What does not fit the blocks goes the portable way.
 */
import type { Node, Value } from "../../graph/graph.js";
import { channelsFirst, type ImageLayout } from "../layout.js";
import type { Lowering, LoweringTable, NodeRule } from "../lowering.js";
import type { OnnxAttribute } from "../onnx.js";
import { convRules, type Geometry, geometry } from "../portable/conv.js";
import { backwardFilter, forwardFilter } from "./filter.js";
import { filterGradient } from "./filter-gradient.js";
import { emitBlocked } from "./layout.js";
import { isWinograd, winogradFilterGradient, winogradForward, winogradInputGradient } from "./winograd.js";

type Shape4 = readonly [number, number, number, number];

const ints = (...values: readonly number[]): OnnxAttribute => ({ ints: values });

/** Attributes of a convolution with a filter of this size. */
export function convAttributes(
  { strides, dilations, padding: [top, bottom, left, right] }: Omit<Geometry, "extent">,
  kernel: readonly number[],
): { readonly [name: string]: OnnxAttribute } {
  return {
    kernel_shape: ints(...kernel),
    strides: ints(...strides),
    dilations: ints(...dilations),
    pads: ints(top, left, bottom, right),
  };
}

/** The image of a forward convolution: blocked, or channels first where it has fewer channels than a block. */
export function convInput(l: Lowering, x: Value, block: number): string {
  return x.shape[3]! < block ? l.image(x, channelsFirst) : l.image(x);
}

/** Whether a filter [kh, kw, C, K] has a blocked convolution. */
export function hasBlockedConv([, , c, k]: readonly number[], block: number): boolean {
  return k! % block === 0 && (c! % block === 0 || c! < block) && c! > 0 && k! > 0;
}

/** What a fused convolution takes beside image and filter, as inputs and as attributes. */
function extras(l: Lowering, node: Node): { inputs: string[]; activation: { activation?: OnnxAttribute } } {
  const { bias, addend, relu } = node.attributes;
  const rest = node.inputs.slice(2);
  const biasName = bias ? [l.plain(rest[0]!)] : addend ? [""] : [];
  return {
    inputs: [...biasName, ...(addend ? [l.image(rest.at(-1)!)] : [])],
    activation: relu ? { activation: { s: "Relu" } } : {},
  };
}

/** Whether a convolution or an input gradient is one blocked convolution, which can take more along. */
export function isOneBlockedConv(node: Node, block: number): boolean {
  const { op, inputs, attributes, outputs } = node;
  if ((op !== "Conv2D" && op !== "Conv2DBackpropInput") || isWinograd(node, block)) return false;
  if (op === "Conv2D") return hasBlockedConv(inputs[1]!.shape, block);
  const [dy, filter] = inputs as [Value, Value];
  const [, h, w, c] = outputs[0]!.shape as Shape4;
  const { strides, dilations, padding } = attributes as unknown as Geometry;
  if (c % block !== 0 || filter.shape[3]! % block !== 0 || strides.some((stride) => stride !== 1))
    return false;
  const [rows, columns] = [
    phasesOf(h, dy.shape[1]!, filter.shape[0]!, 1, dilations[0], padding[0]),
    phasesOf(w, dy.shape[2]!, filter.shape[1]!, 1, dilations[1], padding[2]),
  ];
  return rows !== undefined && columns !== undefined;
}

/** One phase of an input gradient along one axis: its taps, last first, and how far dy is padded before them. */
interface Phase {
  readonly taps: readonly number[];
  readonly before: number;
  readonly after: number;
}

/** The phases of an input gradient along one axis; undefined where a pad would be negative or the filter is dilated. */
function phasesOf(
  length: number,
  outputs: number,
  kernel: number,
  stride: number,
  dilation: number,
  pad: number,
): Phase[] | undefined {
  if (dilation !== 1 && stride !== 1) return undefined;
  const count = Math.ceil(length / stride);
  const phases: Phase[] = [];
  for (let phase = 0; phase < stride; phase++) {
    const first = (phase + pad) % stride;
    const taps: number[] = [];
    for (let tap = first; tap < kernel; tap += stride) taps.unshift(tap);
    const extent = (taps.length - 1) * dilation;
    const before = extent - Math.floor((phase + pad) / stride);
    const after = count + extent - outputs - before;
    if (taps.length > 0 && (before < 0 || after < 0)) return undefined;
    phases.push({ taps, before, after });
  }
  return phases;
}

/** Which phase has taps, where only one has. */
function onlyOne(phases: readonly Phase[]): number | undefined {
  const filled = phases.flatMap(({ taps }, i) => (taps.length > 0 ? [i] : []));
  return filled.length === 1 ? filled[0] : undefined;
}

/** Puts `parts` side by side, each element of the first followed by that of the next, in units of `unit` elements. */
function interleave(l: Lowering, parts: readonly string[], count: number, unit: number): string {
  if (parts.length === 1) return parts[0]!;
  const columns = parts.map((part) => l.reshape(part, [count, 1, unit]));
  return l.emit("Concat", columns, { axis: { i: 1 } });
}

function inputGradient(l: Lowering, node: Node, block: number): string | undefined {
  const [dy, filter] = node.inputs as [Value, Value];
  const [kh, kw, c, k] = filter.shape as Shape4;
  if (c % block !== 0 || k % block !== 0) return undefined;
  const [n, h, w] = node.attributes.inputShape as unknown as Shape4;
  const [, oh, ow] = dy.shape as unknown as Shape4;
  const g = geometry(node, filter.shape);
  const [sh, sw] = g.strides;
  const rows = phasesOf(h, oh, kh, sh, g.dilations[0], g.padding[0]);
  const columns = phasesOf(w, ow, kw, sw, g.dilations[1], g.padding[2]);
  if (!rows || !columns) return undefined;
  const [ph, pw] = [Math.ceil(h / sh), Math.ceil(w / sw)];
  const image = l.image(dy);
  const more = extras(l, node);
  const phase = (row: Phase, column: Phase): string => {
    if (row.taps.length === 0 || column.taps.length === 0)
      return l.emit("Expand", [l.scalar(0), l.ints([n, c, ph, pw])]);
    return emitBlocked(
      l,
      "Conv",
      [image, backwardFilter(l, filter, row.taps, column.taps, block), ...more.inputs],
      {
        ...convAttributes(
          {
            strides: [1, 1],
            dilations: g.dilations,
            padding: [row.before, row.after, column.before, column.after],
          },
          [row.taps.length, column.taps.length],
        ),
        ...more.activation,
      },
    );
  };
  if (sh === 1 && sw === 1) return phase(rows[0]!, columns[0]!);
  const inBlocks = (image: string): string => {
    if (ph * sh === h && pw * sw === w) return l.reshape(image, [n, c, h, w]);
    const rest = l.reshape(image, [n, c / block, ph * sh, pw * sw, block]);
    return l.reshape(l.emit("Slice", [rest, l.ints([0, 0]), l.ints([h, w]), l.ints([2, 3])]), [n, c, h, w]);
  };
  const [row, column] = [onlyOne(rows), onlyOne(columns)];
  if (row !== undefined && column !== undefined) {
    const own = l.reshape(phase(rows[row]!, columns[column]!), [(n * c * ph) / block, 1, pw, block]);
    const pads = l.ints([0, row, 0, column * block, 0, sh - 1 - row, 0, (sw - 1 - column) * block]);
    return inBlocks(l.emit("Pad", [own, pads]));
  }
  const bands = rows.map((row) =>
    interleave(
      l,
      columns.map((column) => phase(row, column)),
      (n * c * ph * pw) / block,
      block,
    ),
  );
  return inBlocks(interleave(l, bands, (n * c * ph) / block, pw * sw * block));
}

const winograd: { readonly [kernel: string]: (l: Lowering, node: Node, block: number) => string } = {
  Conv2D: winogradForward,
  Conv2DBackpropInput: winogradInputGradient,
  Conv2DBackpropFilter: winogradFilterGradient,
};

/** The rules of convolutions for blocks of `block` channels. */
export function blockedConvRules(layout: ImageLayout, block: number): LoweringTable {
  const orPortable =
    (kernel: string, rule: (l: Lowering, node: Node) => string | undefined, blocked: boolean): NodeRule =>
    (l, node) => {
      const result = isWinograd(node, block) ? winograd[kernel]!(l, node, block) : rule(l, node);
      if (result !== undefined) l.set(node.outputs[0]!, result, blocked ? layout : undefined);
      else convRules[kernel]!(l, node);
    };
  return {
    ...convRules,
    Conv2D: orPortable(
      "Conv2D",
      (l, node) => {
        const [x, filter] = node.inputs as [Value, Value];
        if (!hasBlockedConv(filter.shape, block)) return undefined;
        const attributes = convAttributes(geometry(node, filter.shape), filter.shape.slice(0, 2));
        const more = extras(l, node);
        const inputs = [convInput(l, x, block), forwardFilter(l, filter, block), ...more.inputs];
        return emitBlocked(l, "Conv", inputs, { ...attributes, ...more.activation });
      },
      true,
    ),
    Conv2DBackpropInput: orPortable("Conv2DBackpropInput", (l, node) => inputGradient(l, node, block), true),
    Conv2DBackpropFilter: orPortable(
      "Conv2DBackpropFilter",
      (l, node) => filterGradient(l, node, block),
      false,
    ),
  };
}
