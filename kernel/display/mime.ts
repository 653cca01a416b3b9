/** What all conversions share: MIME bundles, the symbol by which a value shows itself, and small helpers of text. */

/** Representations of one value by MIME type; a front end shows the richest that it knows. */
export type MimeBundle = { [mimeType: string]: unknown };

/** A value with a method of this name shows itself as the bundle that it returns (Deno's convention). */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

/** A value that shows itself. */
export interface Displayable {
  /** What the front end is given. */
  [displaySymbol](): MimeBundle | Promise<MimeBundle>;
}

export const mime = {
  text: "text/plain",
  html: "text/html",
  markdown: "text/markdown",
  latex: "text/latex",
  svg: "image/svg+xml",
  png: "image/png",
  json: "application/json",
  vegaLite5: "application/vnd.vegalite.v5+json",
  vegaLite6: "application/vnd.vegalite.v6+json",
  vega5: "application/vnd.vega.v5+json",
  vega6: "application/vnd.vega.v6+json",
  plotly: "application/vnd.plotly.v1+json",
  widget: "application/vnd.jupyter.widget-view+json",
} as const;

/** Text for HTML and SVG. */
export function escapeHtml(text: string): string {
  const named: { [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => named[character]!);
}

/** Whether a value is an object written as a literal, or without prototype. */
export function isPlainObject(value: unknown): value is { [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A number in few characters: 4 significant digits, an exponent where it is small or large. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}
