/**
 * Tensors: element type, shape, statistics and a few values as text; what looks like images as a grid of them. Tensors
 * are known by what they have, so that this needs neither TensorFlow.js nor the engine.
 */
import { svgToPng } from "../../src/figure/render.js";
import { escapeHtml, formatNumber, type MimeBundle, mime } from "./mime.js";
import { encodePng } from "./png.js";

/** A tensor with its elements at hand, row-major. */
export interface TensorView {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

type Candidate = {
  dtype?: unknown;
  shape?: unknown;
  data?: unknown;
  dataSync?: () => unknown;
  storage?: () => unknown;
  isDisposed?: boolean;
};

/** Whether a value is a tensor: TensorFlow.js's, or the host's or a device's of this library. */
export function isTensor(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data, dataSync, storage } = value as Candidate;
  if (typeof dtype !== "string" || !Array.isArray(shape)) return false;
  if (!shape.every((length) => Number.isInteger(length))) return false;
  return ArrayBuffer.isView(data) || typeof dataSync === "function" || typeof storage === "function";
}

/** The elements of a tensor. */
export function readTensor(value: unknown): TensorView {
  const { dtype, shape, data, dataSync, storage } = value as Candidate;
  const view = { dtype: String(dtype), shape: shape as number[] };
  if (ArrayBuffer.isView(data)) return { ...view, data: data as unknown as ArrayLike<number> };
  if (dataSync !== undefined) return { ...view, data: dataSync.call(value) as ArrayLike<number> };
  const stored = storage!.call(value);
  return ArrayBuffer.isView(stored)
    ? { ...view, data: stored as unknown as ArrayLike<number> }
    : readTensor(stored);
}

/** The representations of a tensor. */
export function tensorBundle(value: unknown): MimeBundle {
  const { dtype, shape } = value as TensorView;
  let tensor: TensorView;
  try {
    tensor = readTensor(value);
  } catch (error) {
    // Disposed, or donated to a later call.
    return { [mime.text]: `tensor ${dtype} [${shape.join(", ")}]: ${(error as Error).message}` };
  }
  const images = asImages(tensor);
  const text = summary(tensor);
  return images === undefined
    ? { [mime.text]: `${text}\n${preview(tensor)}` }
    : { [mime.png]: imageGrid(images, text), [mime.text]: text };
}

interface Statistics {
  minimum: number;
  maximum: number;
  mean: number;
  deviation: number;
  odd: number;
}

function statistics(data: ArrayLike<number>): Statistics {
  let [minimum, maximum, sum, squares, odd] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < data.length; i += 1) {
    const x = Number(data[i]);
    if (!Number.isFinite(x)) {
      odd += 1;
      continue;
    }
    if (x < minimum) minimum = x;
    if (x > maximum) maximum = x;
    sum += x;
  }
  const count = data.length - odd;
  const mean = sum / count;
  for (let i = 0; i < data.length; i += 1) {
    const x = Number(data[i]);
    if (Number.isFinite(x)) squares += (x - mean) ** 2;
  }
  return { minimum, maximum, mean, deviation: Math.sqrt(squares / count), odd };
}

/** One line: type, shape, range, mean, deviation, and how many elements are not finite. */
export function summary({ dtype, shape, data }: TensorView): string {
  const head = `${dtype} [${shape.join(", ")}]`;
  if (data.length < 2 || typeof data[0] === "string") return head;
  const { minimum, maximum, mean, deviation, odd } = statistics(data);
  const note = odd > 0 ? `, ${odd} not finite` : "";
  if (odd === data.length) return `${head}: all not finite`;
  const range = `${formatNumber(minimum)} to ${formatNumber(maximum)}`;
  return `${head}: ${range}, mean ${formatNumber(mean)}, std ${formatNumber(deviation)}${note}`;
}

/** The values in brackets; long axes show three at each end. */
export function preview({ shape, data }: TensorView): string {
  const write = (axis: number, offset: number, stride: number): string => {
    if (axis === shape.length) {
      const value = data[offset];
      return typeof value === "number" ? formatNumber(value) : String(value);
    }
    const length = shape[axis]!;
    const step = stride / length;
    const places = Array.from({ length }, (_, i) => i);
    const shown =
      length > (shape.length > 2 ? 6 : 8) ? [...places.slice(0, 3), -1, ...places.slice(-3)] : places;
    const parts = shown.map((i) => (i < 0 ? "…" : write(axis + 1, offset + i * step, step)));
    const last = axis === shape.length - 1;
    return `[${parts.join(last ? ", " : `,\n${" ".repeat(axis + 1)}`)}]`;
  };
  return data.length === 0 ? "[]" : write(0, 0, data.length);
}

/** Images of one size, [count, height, width, channels]. */
export interface Images {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: ArrayLike<number>;
}

const smallest = 8;
const largest = 1024;

/** The tensor as images, if it looks like some: [n, h, w, 1 | 3 | 4], [h, w, 1 | 3 | 4], or square [n, h, w]. */
export function asImages({ shape, data }: TensorView): Images | undefined {
  const fits = (height: number, width: number) =>
    Math.min(height, width) >= smallest && Math.max(height, width) <= largest;
  const colours = (channels: number) => channels === 1 || channels === 3 || channels === 4;
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  if (shape.length === 4 && a > 0 && fits(b, c) && colours(d))
    return { count: a, height: b, width: c, channels: d, data };
  if (shape.length !== 3) return undefined;
  if (fits(a, b) && colours(c)) return { count: 1, height: a, width: b, channels: c, data };
  return a > 0 && b === c && fits(b, c) ? { count: a, height: b, width: c, channels: 1, data } : undefined;
}

/** How images are laid out. */
export interface GridOptions {
  readonly columns?: number | undefined;
  /** Images shown at most. */
  readonly limit?: number | undefined;
}

const gap = 2;

/** PNG of images in rows and columns, with a line of text above. */
export function imageGrid(
  images: Images,
  caption = "",
  { columns, limit = 64 }: GridOptions = {},
): Uint8Array {
  const { height, width } = images;
  const shown = Math.min(images.count, limit);
  const across = Math.max(1, Math.min(columns ?? Math.ceil(Math.sqrt(shown * 2)), shown));
  const down = Math.ceil(shown / across);
  const zoom = Math.max(1, Math.floor((shown === 1 ? 192 : 56) / Math.max(height, width)));
  const [cellWidth, cellHeight] = [width * zoom + gap, height * zoom + gap];
  const pixels = {
    width: across * cellWidth - gap,
    height: down * cellHeight - gap,
    rgb: new Uint8Array(3 * (across * cellWidth - gap) * (down * cellHeight - gap)).fill(255),
  };
  const toByte = brightness(images);
  for (let i = 0; i < shown; i += 1)
    drawImage(pixels, images, i, (i % across) * cellWidth, Math.floor(i / across) * cellHeight, zoom, toByte);
  const picture = encodePng(pixels);
  const rest = images.count > shown ? `, the first ${shown} of ${images.count}` : "";
  return caption === "" ? picture : underCaption(picture, pixels.width, pixels.height, caption + rest);
}

/** From elements to bytes: 0–255 as it is, 0–1 stretched, anything else from its least to its greatest. */
function brightness({ data }: Images): (value: number) => number {
  const { minimum, maximum } = statistics(data);
  if (
    minimum >= 0 &&
    maximum <= 255 &&
    (maximum > 1 || data instanceof Uint8Array || data instanceof Int32Array)
  )
    return (value) => value;
  if (minimum >= 0 && maximum <= 1) return (value) => 255 * value;
  const scale = maximum > minimum ? 255 / (maximum - minimum) : 0;
  return (value) => (value - minimum) * scale;
}

function drawImage(
  { width: pitch, rgb }: { width: number; rgb: Uint8Array },
  { height, width, channels, data }: Images,
  index: number,
  left: number,
  top: number,
  zoom: number,
  toByte: (value: number) => number,
): void {
  for (let y = 0; y < height * zoom; y += 1)
    for (let x = 0; x < width * zoom; x += 1) {
      const row = index * height + Math.floor(y / zoom);
      const from = (row * width + Math.floor(x / zoom)) * channels;
      const to = 3 * ((top + y) * pitch + left + x);
      for (let c = 0; c < 3; c += 1) {
        const value = Number(data[from + (channels < 3 ? 0 : c)]);
        rgb[to + c] = Number.isFinite(value) ? Math.max(0, Math.min(255, Math.round(toByte(value)))) : 0;
      }
    }
}

function underCaption(picture: Uint8Array, width: number, height: number, caption: string): Uint8Array {
  const size = 13;
  const total = Math.max(width, Math.ceil(caption.length * size * 0.56));
  const href = `data:image/png;base64,${Buffer.from(picture).toString("base64")}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="${height + 24}"><rect width="100%" height="100%" fill="#fff"/><text x="0" y="15" font-size="${size}" fill="#333">${escapeHtml(caption)}</text><image x="0" y="24" width="${width}" height="${height}" href="${href}"/></svg>`;
  return svgToPng(svg, 1);
}
