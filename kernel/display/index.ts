/**
 * Any value as a MIME bundle. A value that shows itself (`Symbol.for("Jupyter.display")`) comes first, then what is
 * known: figures, tensors, pictures, tables, HTML elements; all else is text. Nothing here throws: a value that cannot
 * be shown richly is shown as text.
 */
import { inspect } from "node:util";
import { isFigure, vegaLiteSpec } from "../../src/figure/figure.js";
import { imageBundle, imageType } from "./image.js";
import { type Displayable, displaySymbol, type MimeBundle, mime } from "./mime.js";
import { isPlotlyFigure, plotlyBundle } from "./plotly.js";
import { isTable, tableBundle } from "./table.js";
import { isTensor, tensorBundle } from "./tensor.js";
import { isVegaSpec, loadVega, vegaBundle } from "./vega.js";

/** Loads what makes the first figure wait. */
export async function load(): Promise<void> {
  await loadVega();
}

/** The representations of a value; a promise only where the value itself takes its time. */
export function toMimeBundle(value: unknown): MimeBundle | Promise<MimeBundle> {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return asText(value);
  try {
    if (showsItself(value)) return value[displaySymbol]();
    return known(value) ?? asText(value);
  } catch (error) {
    return {
      [mime.text]: `${String(asText(value)[mime.text])}\n(shown as text: ${(error as Error).message})`,
    };
  }
}

function known(value: object): MimeBundle | Promise<MimeBundle> | undefined {
  if (isFigure(value)) return vegaBundle({ ...vegaLiteSpec(value) });
  if (isVegaSpec(value)) return vegaBundle(value);
  if (isPlotlyFigure(value)) return plotlyBundle(value);
  if (isTensor(value)) return tensorBundle(value);
  const type = imageType(value);
  if (type !== undefined) return imageBundle(value as Uint8Array, type);
  if (isTable(value)) return tableBundle(value);
  const { toSpec, outerHTML } = value as { toSpec?: unknown; outerHTML?: unknown };
  // vega-lite-api, and the elements of a DOM.
  if (typeof toSpec === "function") {
    const spec: unknown = toSpec.call(value);
    if (isVegaSpec(spec)) return vegaBundle(spec);
  }
  if (typeof outerHTML === "string") return { [mime.html]: outerHTML, ...asText(value) };
  return undefined;
}

function showsItself(value: object): value is Displayable {
  return typeof (value as Partial<Displayable>)[displaySymbol] === "function";
}

function asText(value: unknown): MimeBundle {
  return { [mime.text]: inspect(value, { depth: 4 }) };
}
