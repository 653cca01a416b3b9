/**
 * What a cell calls to show something as what it is: `html`, `markdown`, `latex`, `svg`, a picture, a table, a grid of
 * images, any bundle. Each makes a value that shows itself, as a cell's result, by `display`, or inside a list of others.
 * The text functions are template tags, too: html`<b>${name}</b>` (values are inserted as they are).
 */
import { readFileSync } from "node:fs";
import { DataError, formatShape, ShapeError } from "../../src/support/errors.js";
import { type DisplayOptions, type Handle, kernelHost } from "./host.js";
import { imageBundle, imageType } from "./image.js";
import { toMimeBundle } from "./index.js";
import { type Displayable, displaySymbol, type MimeBundle, mime } from "./mime.js";
import { type Row, type TableOptions, tableBundle } from "./table.js";
import { asImages, type GridOptions, imageGrid, isTensor, readTensor, summary } from "./tensor.js";

/** Shows a text, given as an argument or as a template. */
export type TextOf = (text: string | TemplateStringsArray, ...values: readonly unknown[]) => Displayable;

/** A value that shows itself as `make()` says. */
export function displayable(make: () => MimeBundle | Promise<MimeBundle>): Displayable {
  return { [displaySymbol]: make };
}

function textAs(type: string, change: (text: string) => string = (text) => text): TextOf {
  return (text, ...values) => {
    const whole = change(
      typeof text === "string"
        ? text
        : text.map((part, i) => part + (i < values.length ? String(values[i]) : "")).join(""),
    );
    return displayable(() => ({ [type]: whole, [mime.text]: whole }));
  };
}

/** HTML. */
export const html: TextOf = textAs(mime.html);

/** Markdown, with formulas between dollar signs. */
export const markdown: TextOf = textAs(mime.markdown);

/** A formula; dollar signs around it may be left out. As a tag, escapes such as `\nu` must be doubled. */
export const latex: TextOf = textAs(mime.latex, (text) =>
  /^\s*(\$|\\\(|\\\[|\\begin)/.test(text) ? text : `$$${text}$$`,
);

/** An SVG picture. */
export const svg: TextOf = textAs(mime.svg);

/** JSON as a tree, in front ends that show it so. */
export function json(value: unknown): Displayable {
  return displayable(() => ({ [mime.json]: value, [mime.text]: JSON.stringify(value, null, 2) }));
}

/** Any MIME bundle. Bytes may be given as they are. */
export function mimeBundle(bundle: MimeBundle): Displayable {
  return displayable(() => bundle);
}

/**
 * A picture: the bytes of a PNG, JPEG, GIF or WebP file, or its path.
 * @throws DataError when the file cannot be read or is no such picture
 */
export function image(source: string | Uint8Array): Displayable {
  const [name, bytes] = typeof source === "string" ? [source, read(source)] : ["bytes", source];
  const type = imageType(bytes);
  if (type === undefined) throw new DataError(`image ${name}: expected PNG, JPEG, GIF or WebP`);
  return displayable(() => imageBundle(bytes, type));
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DataError(`image ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Rows as a table; columns and the number of rows can be chosen. */
export function table(rows: readonly Row[], options: TableOptions = {}): Displayable {
  return displayable(() => tableBundle(rows, options));
}

/**
 * Images as a grid.
 * @param tensor [count, height, width, channels] or one of [height, width, channels], of 1, 3 or 4 channels: a tensor of
 *   TensorFlow.js, a host tensor, or what a compiled function returned
 * @throws ShapeError when it has another shape
 */
export function tensorGrid(
  tensor: object,
  options: GridOptions & { readonly caption?: string } = {},
): Displayable {
  if (!isTensor(tensor)) throw new ShapeError("tensor grid: expected a tensor");
  const view = readTensor(tensor);
  const images = asImages(view);
  if (images === undefined)
    throw new ShapeError(
      `tensor grid: expected [count, height, width, 1 | 3 | 4] with at least 8 × 8 pixels, got ${formatShape(view.shape)}`,
    );
  const caption = options.caption ?? summary(view);
  return displayable(() => ({ [mime.png]: imageGrid(images, caption, options), [mime.text]: caption }));
}

/**
 * Shows a value below the cell: a figure, tensor, table, picture, anything that shows itself, or text. In a cell it is
 * the global `display`; outside a kernel the value's text is printed.
 */
export function display(value: unknown, options: DisplayOptions & { readonly id?: string } = {}): Handle {
  const host = kernelHost();
  if (host !== undefined) return host.display(value, options);
  print(value, options);
  return { id: options.id ?? "", update: print };
}

function print(value: unknown, { raw = false }: DisplayOptions = {}): void {
  const bundle = raw ? (value as MimeBundle) : toMimeBundle(value);
  const write = (parts: MimeBundle) => process.stdout.write(`${String(parts[mime.text] ?? "")}\n`);
  if (bundle instanceof Promise) void bundle.then(write);
  else write(bundle);
}
