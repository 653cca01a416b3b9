/**
 * The filter gradient on blocked tensors: dW[a, b, c, k] = Σ x[n, s·i + a, s·j + b, c] · dy[n, i, j, k].
 *
 * Where samples fill blocks, it is one blocked convolution that sums over samples as other convolutions sum over
 * channels: the image has the samples in blocks, [C/B, N, H, W·B of C], the filter is all of dy, [K, N, OH, OW], dilated
 * by (s, s·B). Its columns are padded beforehand, for the convolution computes padded columns one by one. It runs at the
 * speed of forward convolutions, faster than a product, and what it costs to reorder x and dy is less than that gain at
 * every size that was measured (bench/README.md). Samples may be split into groups, whose results are added, so that there is
 * enough to do for all threads; how many follows from the shapes, so that every machine adds in the same order.
 *
 * Of one tap and one sample the pixels are in blocks instead, of x or of dy, whichever is smaller; the other, in blocks of
 * channels as it lies, is the filter.
 *
 * Other batches take the form of the portable lowering, on three axes: one convolution of batch 1, the image x as
 * [1, N, C/B, H, W·B] (the blocks as they lie), the kernels dy as [K, N, 1, OH, OW], dilated by (1, s, s·B).
 */
import type { Node, Value } from "../../graph/graph.js";
import { channelsFirst } from "../layout.js";
import type { Lowering } from "../lowering.js";
import type { OnnxAttribute } from "../onnx.js";
import { type Geometry, geometry, gradientPad, picked } from "../portable/conv.js";
import { emitBlocked } from "./layout.js";

type Shape4 = readonly [number, number, number, number];

const ints = (...values: readonly number[]): OnnxAttribute => ({ ints: values });

/** A filter gradient's numbers. */
interface Sizes {
  readonly block: number;
  /** Of the pixels that the filter meets. */
  readonly x: Shape4;
  /** Which pixels of the whole image [H, W] these are, where they are not all: one in so many rows and columns. */
  readonly oneIn?: { readonly image: readonly [number, number]; readonly steps: readonly [number, number] };
  readonly dy: Shape4;
  readonly filter: Shape4;
  readonly geometry: Geometry;
  readonly rows: ReturnType<typeof gradientPad>;
  readonly columns: ReturnType<typeof gradientPad>;
}

// Parts that threads can share evenly; more would only be more to add.
const wantedParts = 12;
// Filters of four blocks are computed together.
const blocksTogether = 4;

/** Into how many groups the samples are split. */
function groupsOf({ block, x: [n, , , c], filter: [, , , k], rows }: Sizes): number {
  const parts = Math.ceil(c / block) * Math.ceil(k / (block * blocksTogether)) * rows.results;
  let groups = 1;
  while (parts * groups < wantedParts && (n / block) % (2 * groups) === 0) groups *= 2;
  return groups;
}

/** x as [C/B, N, H, (W + pads)·B of C] with samples in blocks; channels that fill no block are one part. */
function samplesInBlocks(l: Lowering, value: Value, s: Sizes): string {
  const { block, geometry: g, columns } = s;
  const [n, h, w, c] = s.x;
  const [before, after] = [g.padding[2], columns.after];
  const form = `samples in blocks ${before} ${after} ${s.oneIn?.steps}`;
  return l.form(value, form, () => {
    const isBlocked = c % block === 0;
    const [parts, width] = isBlocked ? [c / block, block] : [1, c];
    const all = isBlocked ? l.image(value) : l.plain(value);
    const met = s.oneIn ? everyOther(l, all, [n * parts, ...s.oneIn.image, width], s.oneIn.steps) : all;
    const image = l.reshape(met, [n, parts, h * w * width]);
    const apart = parts > 1 ? l.transpose(image, [1, 0, 2]) : image;
    const lines = l.reshape(apart, [parts * n * h, w * width]);
    const padded =
      before + after > 0 ? l.emit("Pad", [lines, l.ints([0, before * width, 0, after * width])]) : lines;
    const line = (w + before + after) * width;
    const reordered = emitBlocked(l, "ReorderInput", [l.reshape(padded, [parts, n, h * line, 1])]);
    return l.reshape(reordered, [parts, n, h, line]);
  });
}

/** One in so many rows and columns of images [n, h, w, c]. */
function everyOther(l: Lowering, image: string, shape: Shape4, steps: readonly [number, number]): string {
  const [, h, w] = shape;
  const whole = l.reshape(image, shape);
  return l.emit("Slice", [whole, l.ints([0, 0]), l.ints([h, w]), l.ints([1, 2]), l.ints(steps)]);
}

/** The convolution over samples, or undefined where they or the channels fill no blocks. */
function overSamples(l: Lowering, x: Value, dy: Value, s: Sizes): string | undefined {
  const { block, geometry: g, rows, columns } = s;
  const [n, h, w, c] = s.x;
  const [, oh, ow] = s.dy;
  const [kh, kw, , k] = s.filter;
  if (n % block !== 0 || k % block !== 0 || (c % block !== 0 && c > block)) return undefined;
  if (g.dilations.some((dilation) => dilation !== 1)) return undefined;
  const [parts, width] = c % block === 0 ? [c / block, block] : [1, c];
  const groups = groupsOf(s);
  const blocks = n / block / groups;
  const split = l.reshape(l.image(dy), [groups, blocks, block, k / block, oh * ow, block]);
  const filter = l.transpose(split, [0, 3, 1, 4, 2, 5]);
  const image = samplesInBlocks(l, x, s);
  let gradient: string;
  const isPlain = g.strides.every((stride) => stride === 1) && g.padding.every((pad) => pad === 0);
  if (kh * kw * rows.results * columns.results === 1 && isPlain) {
    // Of one tap all pixels are alike: few of them at a time, that the filter stays in the cache.
    const run = pixelsTogether(h * w);
    const many = n * ((h * w) / run);
    gradient = emitBlocked(
      l,
      "Conv",
      [l.reshape(image, [parts, many, run, width]), l.reshape(filter, [groups * k, many / groups, run, 1])],
      { kernel_shape: ints(run, 1), group: { i: groups } },
    );
  } else {
    gradient = emitBlocked(l, "Conv", [image, l.reshape(filter, [groups * k, n / groups, oh, ow])], {
      kernel_shape: ints(oh, ow),
      dilations: ints(g.strides[0], g.strides[1] * width),
      pads: ints(g.padding[0], 0, rows.after, 0),
      group: { i: groups },
    });
  }
  const shape = [parts, groups, k / block, rows.results, columns.results, width, block];
  const all = l.reshape(gradient, shape);
  const sum =
    groups > 1
      ? l.emit("ReduceSum", [all, l.ints([1])], { keepdims: { i: 0 } })
      : l.reshape(
          all,
          shape.filter((_, axis) => axis !== 1),
        );
  const taps = picked(l, sum, g, [kh, kw], [rows.results, columns.results], [2, 3]);
  return l.reshape(l.transpose(taps, [2, 3, 0, 4, 1, 5]), s.filter);
}

/** The largest divisor of a number of pixels that is 64 or less. */
function pixelsTogether(pixels: number): number {
  let run = Math.min(64, pixels);
  while (pixels % run !== 0) run--;
  return run;
}

/** The convolution over pixels, or undefined where there is more than one tap or sample, or blocks are not filled. */
function overPixels(l: Lowering, x: Value, dy: Value, s: Sizes): string | undefined {
  const { block, geometry: g } = s;
  const [n, h, w, c] = s.x;
  const [kh, kw, , k] = s.filter;
  const pixels = h * w;
  if (n * kh * kw * g.strides[0] * g.strides[1] !== 1 || g.padding.some((pad) => pad !== 0)) return undefined;
  if ([pixels, c, k].some((length) => length % block !== 0)) return undefined;
  const inPixels = (value: Value, channels: number): string =>
    l.form(value, "pixels in blocks", () =>
      emitBlocked(l, "ReorderInput", [l.reshape(l.plain(value), [1, pixels, channels, 1])]),
    );
  const product = (image: string, filter: Value, channels: number): string =>
    emitBlocked(l, "Conv", [image, l.reshape(l.image(filter), [channels, pixels, 1, 1])], {
      kernel_shape: ints(1, 1),
    });
  if (c <= k) {
    const all = l.reshape(product(inPixels(x, c), dy, k), [k / block, c, block]);
    return l.reshape(l.transpose(all, [1, 0, 2]), s.filter);
  }
  const all = l.reshape(product(inPixels(dy, k), x, c), [c / block, k, block]);
  return l.reshape(l.transpose(all, [0, 2, 1]), s.filter);
}

/** The convolution of batch 1, or undefined where the channels fill no blocks. */
function ofOneSample(l: Lowering, x: Value, dy: Value, s: Sizes): string | undefined {
  const { block, geometry: g, rows, columns } = s;
  const [n, h, w, c] = s.x;
  const [, oh, ow] = s.dy;
  const [kh, kw, , k] = s.filter;
  if (c % block !== 0) return undefined;
  const image = l.reshape(l.image(x), [1, n, c / block, h, w * block]);
  const kernels = l.reshape(l.transpose(l.image(dy, channelsFirst), [1, 0, 2, 3]), [k, n, 1, oh, ow]);
  const gradient = l.emit("Conv", [image, kernels], {
    dilations: ints(1, g.strides[0], g.strides[1] * block),
    pads: ints(0, g.padding[0], g.padding[2] * block, 0, rows.after, columns.after * block),
  });
  const taps = l.reshape(gradient, [k, c / block, rows.results, columns.results, block]);
  const own = picked(l, taps, g, [kh, kw], [rows.results, columns.results], [2, 3]);
  return l.reshape(l.transpose(own, [2, 3, 1, 4, 0]), s.filter);
}

/** The name of a filter gradient in the order of the filter, or undefined where blocks do not help. */
export function filterGradient(l: Lowering, node: Node, block: number): string | undefined {
  const [x, dy] = node.inputs as [Value, Value];
  const filter = node.attributes.filterShape as unknown as Shape4;
  const g = geometry(node, filter);
  const sizes: Sizes = {
    block,
    filter,
    geometry: g,
    x: x.shape as unknown as Shape4,
    dy: dy.shape as unknown as Shape4,
    rows: gradientPad(x.shape[1]!, dy.shape[1]!, g.strides[0], g.extent[0], g.padding[0]),
    columns: gradientPad(x.shape[2]!, dy.shape[2]!, g.strides[1], g.extent[1], g.padding[2]),
  };
  return (
    overPixels(l, x, dy, sizes) ?? overSamples(l, x, dy, metPixels(sizes)) ?? ofOneSample(l, x, dy, sizes)
  );
}

/** Of a filter of one tap with a stride, the sizes of the pixels that it meets: then its stride is 1. */
function metPixels(s: Sizes): Sizes {
  const [n, h, w, c] = s.x;
  const [, oh, ow] = s.dy;
  const { strides, padding } = s.geometry;
  const [kh, kw] = s.filter;
  if (kh * kw !== 1 || strides.every((stride) => stride === 1) || padding.some((pad) => pad !== 0)) return s;
  const [rows, columns] = [oh, ow].map((length) => gradientPad(length, length, 1, 1, 0)) as [
    Sizes["rows"],
    Sizes["columns"],
  ];
  const geometry = { ...s.geometry, strides: [1, 1] as const };
  return { ...s, x: [n, oh, ow, c], oneIn: { image: [h, w], steps: strides }, geometry, rows, columns };
}
