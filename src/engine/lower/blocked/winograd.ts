/**
 * Winograd's minimal filtering (Lavin and Gray 2015, arXiv 1509.09308), F(4 × 4, 3 × 3): of a 3 × 3 convolution of stride 1
 * each tile of 4 × 4 results takes 36 multiplications a pair of channels instead of 144. The tiles' transforms are products
 * with small constant matrices, and the multiplications are 36 matrix products over the channels:
 *
 *     U = R x,  V = G w,  M = U V,  y = S M        and backward, by the chain rule:
 *     dM = Sᵀ dy,  dU = dM Vᵀ,  dx = Rᵀ dU,  dV = Uᵀ dM,  dw = Gᵀ dV
 *
 * R takes an image apart into overlapping tiles and transforms them, S transforms results back and puts them side by
 * side; both act on rows and columns one after the other. An image lies with its pixels before samples and channels,
 * [H, W, N·C], so that these products are large and nothing is moved between them; U is
 * [6 of rows, tiles down, 6 of columns, tiles across · N, C], V is [6, 1, 6, C, K].
 *
 * The points 0, 1, −1, 2, −½ and ∞ keep the error of float32 at 2–3e-6 of the largest result, where the direct form has
 * 4e-7 (0, ±1, ±2, the usual ones, have 1e-5).
 */
import type { Node, Value } from "../../graph/graph.js";
import type { Lowering } from "../lowering.js";
import { type Geometry, geometry } from "../portable/conv.js";

type Matrix = readonly (readonly number[])[];

const tile = 4;
const points = [0, 1, -1, 2, -0.5];
/** Rows of a transformed tile: one for each point, one for infinity. */
const size = points.length + 1;

/** Coefficients of Π (x − p), the constant one first. */
function polynomial(roots: readonly number[]): number[] {
  let coefficients = [1];
  for (const root of roots) {
    const shifted = [0, ...coefficients];
    coefficients = shifted.map((x, i) => x - root * (coefficients[i] ?? 0));
  }
  return coefficients;
}

const others = (point: number): number[] => points.filter((other) => other !== point);
const powers = (x: number, count: number): number[] => Array.from({ length: count }, (_, i) => x ** i);
const padded = (row: readonly number[], length: number): number[] =>
  Array.from({ length }, (_, i) => row[i] ?? 0);

/** Of a line of 6 pixels. */
const imageTransform: Matrix = [
  ...points.map((point) => padded(polynomial(others(point)), size)),
  polynomial(points),
];
/** Of 3 taps. */
const filterTransform: Matrix = [
  ...points.map((point) => {
    const scale = others(point).reduce((product, other) => product * (point - other), 1);
    return powers(point, 3).map((x) => x / scale);
  }),
  [0, 0, 1],
];
/** Of 6 products to 4 results, transposed. */
const resultTransform: Matrix = [...points.map((point) => powers(point, tile)), [0, 0, 0, 1]];

/** One axis of a convolution. */
interface Axis {
  readonly length: number;
  readonly results: number;
  readonly pad: number;
  readonly tiles: number;
}

interface Sizes {
  /**
   * Leading lengths of what is made on the way: none in the forward pass, 1 in the backward one. ONNX Runtime gives a
   * tensor's memory to the next of the same shape, however much later that comes; different shapes let go of it.
   */
  readonly lead: readonly number[];
  readonly rows: Axis;
  readonly columns: Axis;
  readonly samples: number;
  readonly channels: number;
  readonly filters: number;
}

function matrix(l: Lowering, rows: number, columns: number, at: (row: number, column: number) => number) {
  const data = Float32Array.from({ length: rows * columns }, (_, i) =>
    at(Math.floor(i / columns), i % columns),
  );
  return l.numbers("float32", [rows, columns], data);
}

/** R of one axis, [6 · tiles, length], or its transpose. */
function toTiles(l: Lowering, { length, pad, tiles }: Axis, turned: boolean): string {
  const at = (row: number, pixel: number): number =>
    imageTransform[Math.floor(row / tiles)]![pixel + pad - tile * (row % tiles)] ?? 0;
  return turned
    ? matrix(l, length, size * tiles, (pixel, row) => at(row, pixel))
    : matrix(l, size * tiles, length, at);
}

/** S of one axis, [results, 6 · tiles], or its transpose. */
function fromTiles(l: Lowering, { results, tiles }: Axis, turned: boolean): string {
  const at = (pixel: number, row: number): number =>
    resultTransform[Math.floor(row / tiles)]![pixel - tile * (row % tiles)] ?? 0;
  return turned
    ? matrix(l, size * tiles, results, (row, pixel) => at(pixel, row))
    : matrix(l, results, size * tiles, at);
}

/** G, or its transpose; then taps of tiles below one another are added. */
function ofFilter(l: Lowering, { tiles }: Axis, turned: boolean): string {
  const at = (row: number, column: number, tap: number): number =>
    filterTransform[row]![Math.floor(tap / 3)]! * filterTransform[column]![tap % 3]!;
  if (!turned) return matrix(l, size * size, 9, (i, tap) => at(Math.floor(i / size), i % size, tap));
  return matrix(l, 9, size * tiles * size, (tap, i) => at(Math.floor(i / (tiles * size)), i % size, tap));
}

function product(l: Lowering, a: string, b: string, transposed?: "transA" | "transB"): string {
  if (!transposed) return l.emit("MatMul", [a, b]);
  return l.emit("FusedMatMul", [a, b], { [transposed]: { i: 1 } }, { domain: "com.microsoft" });
}

/** A blocked image as [H, W·N·C]. */
function pixelsFirst(l: Lowering, value: Value, { lead }: Sizes, block: number): string {
  const [n, h, w, c] = value.shape as [number, number, number, number];
  const apart = l.reshape(l.image(value), [n, c / block, h * w, block]);
  return l.reshape(l.transpose(apart, [2, 0, 1, 3]), [...lead, h, w * n * c]);
}

/** An image of `pixelsFirst` back in blocks. */
function inBlocks(l: Lowering, image: string, [n, h, w, c]: readonly number[], block: number): string {
  const apart = l.reshape(image, [h! * w!, n!, c! / block, block]);
  return l.reshape(l.transpose(apart, [1, 2, 0, 3]), [n!, c!, h!, w!]);
}

/** By one matrix on the rows and one on the columns: an image to the tiles' form. */
function apart(l: Lowering, image: string, down: string, across: string, s: Sizes, channels: number): string {
  const { rows, columns, samples, lead } = s;
  const bands = l.reshape(product(l, down, image), [...lead, size * rows.tiles, -1, samples * channels]);
  const all = product(l, across, bands);
  return l.reshape(all, [size, rows.tiles, size, columns.tiles * samples, channels]);
}

/** The other way. */
function together(
  l: Lowering,
  tiles: string,
  down: string,
  across: string,
  s: Sizes,
  channels: number,
): string {
  const { rows, columns, samples, lead } = s;
  const split = l.reshape(tiles, [...lead, size * rows.tiles, size * columns.tiles, samples * channels]);
  const bands = product(l, across, split);
  return product(l, down, l.reshape(bands, [...lead, size * rows.tiles, -1]));
}

/** U, kept for the filter gradient. */
function imageTiles(l: Lowering, x: Value, s: Sizes, block: number): string {
  const { rows, columns } = s;
  return l.form(x, `winograd ${rows.pad} ${rows.tiles} ${columns.pad} ${columns.tiles}`, () => {
    const image = pixelsFirst(l, x, s, block);
    return apart(l, image, toTiles(l, rows, false), toTiles(l, columns, false), s, s.channels);
  });
}

/** V, four times as large as the filter: rather computed again for the input gradient than kept for it. */
function filterTiles(l: Lowering, filter: Value, s: Sizes): string {
  const taps = l.reshape(l.plain(filter), [...s.lead, 9, s.channels * s.filters]);
  return l.reshape(product(l, ofFilter(l, s.rows, false), taps), [size, 1, size, s.channels, s.filters]);
}

/** dM, for both gradients. */
function gradientTiles(l: Lowering, dy: Value, s: Sizes, block: number): string {
  return l.form(dy, "winograd gradient", () => {
    const image = pixelsFirst(l, dy, s, block);
    return apart(l, image, fromTiles(l, s.rows, true), fromTiles(l, s.columns, true), s, s.filters);
  });
}

/** The convolution in blocks. */
export function winogradForward(l: Lowering, node: Node, block: number): string {
  const [x, filter] = node.inputs as [Value, Value];
  const s = sizesOf(node)!;
  // What is recorded later runs earlier, and this is not needed before the image is there.
  const taps = filterTiles(l, filter, s);
  const tiles = product(l, imageTiles(l, x, s, block), taps);
  const image = together(l, tiles, fromTiles(l, s.rows, false), fromTiles(l, s.columns, false), s, s.filters);
  return inBlocks(l, image, node.outputs[0]!.shape, block);
}

/** The input gradient in blocks. */
export function winogradInputGradient(l: Lowering, node: Node, block: number): string {
  const [dy, filter] = node.inputs as [Value, Value];
  const s = sizesOf(node)!;
  const taps = filterTiles(l, filter, s);
  const tiles = product(l, gradientTiles(l, dy, s, block), taps, "transB");
  const image = together(l, tiles, toTiles(l, s.rows, true), toTiles(l, s.columns, true), s, s.channels);
  return inBlocks(l, image, node.outputs[0]!.shape, block);
}

/** The filter gradient in the order of the filter. */
export function winogradFilterGradient(l: Lowering, node: Node, block: number): string {
  const [x, dy] = node.inputs as [Value, Value];
  const s = sizesOf(node)!;
  const products = product(l, imageTiles(l, x, s, block), gradientTiles(l, dy, s, block), "transA");
  const all = l.reshape(products, [size * s.rows.tiles * size, s.channels * s.filters]);
  return l.reshape(product(l, ofFilter(l, s.rows, true), all), node.outputs[0]!.shape);
}

/** The sizes of a convolution or one of its gradients that has this form. */
function sizesOf(node: Node): Sizes | undefined {
  const [a, b] = node.inputs as [Value, Value];
  const [image, result, filter] =
    node.op === "Conv2D"
      ? [a.shape, node.outputs[0]!.shape, b.shape]
      : node.op === "Conv2DBackpropInput"
        ? [node.outputs[0]!.shape, a.shape, b.shape]
        : [a.shape, b.shape, node.outputs[0]!.shape];
  const { strides, dilations, padding }: Geometry = geometry(node, filter);
  if (filter[0] !== 3 || filter[1] !== 3 || [...strides, ...dilations].some((step) => step !== 1))
    return undefined;
  const axis = (i: 0 | 1): Axis => {
    const results = result[i + 1]!;
    return { length: image[i + 1]!, results, pad: padding[2 * i]!, tiles: Math.ceil(results / tile) };
  };
  const lead = node.op === "Conv2D" ? [] : [1];
  return {
    lead,
    rows: axis(0),
    columns: axis(1),
    samples: image[0]!,
    channels: filter[2]!,
    filters: filter[3]!,
  };
}

/**
 * Whether a convolution, or one of its gradients, is faster in this form. Costs are in multiplications of the 36 products,
 * fitted to twelve measured shapes (bench/README.md): what the direct form takes more, against the transforms of image and
 * result, which are the less felt the more channels there are, and that of the filter, the less felt the more tiles.
 */
export function isWinograd(node: Node, block: number): boolean {
  const s = sizesOf(node);
  if (!s || s.channels % block !== 0 || s.filters % block !== 0 || s.samples === 0) return false;
  const { rows, columns, samples, channels, filters } = s;
  const tiles = rows.tiles * columns.tiles;
  const direct = (rows.results * columns.results) / (4 * tiles);
  const transforms = (45 + 4 * (rows.tiles + columns.tiles)) * (1 / channels + 1 / filters);
  return direct > 1.2 + transforms + 20 / (samples * tiles);
}
