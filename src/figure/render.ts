/**
 * Pictures of figures without a browser: Vega draws SVG, resvg makes PNG of it. The font comes with the package, so
 * that the same figure gives the same picture on every machine.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Resvg } from "@resvg/resvg-js";
import { writeFileAtomic } from "../support/atomic.js";
import { type Figure, vegaLiteSpec } from "./figure.js";
import { textWidth } from "./text-width.js";
import { fontFamily, type Theme } from "./theme.js";

/** How a figure is drawn. */
export interface RenderOptions {
  readonly theme?: Theme;
}

/**
 * Vega numbers clips and gradients through a whole process. Here their names come from the figure, so that it draws the
 * same text every time, and figures on one page do not take each other's.
 */
function stableIds(svg: string, content: string): string {
  const prefix = createHash("sha256").update(content).digest("hex").slice(0, 8);
  const names = [...new Set([...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!))];
  return names.reduce(
    (text, id, i) =>
      text
        .replaceAll(`id="${id}"`, `id="f${prefix}-${i}"`)
        .replaceAll(`url(#${id})`, `url(#f${prefix}-${i})`),
    svg,
  );
}

interface TextItem {
  readonly text?: unknown;
  readonly fontSize?: number;
  readonly fontWeight?: number | string;
}

/** The figure as SVG text. */
export async function renderSvg(figure: Figure, { theme = "light" }: RenderOptions = {}): Promise<string> {
  // Vega is large; only those who draw load it.
  const [{ compile }, vega] = await Promise.all([import("vega-lite"), import("vega")]);
  const { spec } = compile(vegaLiteSpec(figure, theme));
  // Vega's own estimate is for no font in particular; its types leave this hook out.
  const { textMetrics } = vega as unknown as {
    textMetrics: { width: (item: TextItem, text?: unknown) => number };
  };
  textMetrics.width = ({ text, fontSize = 11, fontWeight }, line = text) =>
    // An empty caption is a list of no lines.
    Math.max(0, ...[line].flat().map((part) => textWidth(String(part ?? ""), fontSize, fontWeight)));
  const view = new vega.View(vega.parse(spec), { renderer: "none", logLevel: vega.Error });
  try {
    return stableIds(await view.toSVG(), JSON.stringify(figure) + (theme === "dark" ? theme : ""));
  } finally {
    view.finalize();
  }
}

const weights = ["400Regular", "500Medium", "600SemiBold"];

function fontFiles(): string[] {
  const folder = dirname(
    createRequire(import.meta.url).resolve("@expo-google-fonts/ibm-plex-sans/package.json"),
  );
  return weights.map((weight) => join(folder, weight, `IBMPlexSans_${weight}.ttf`));
}

/** PNG bytes of an SVG text, `scale` pixels to a unit. */
export function svgToPng(svg: string, scale = 2): Uint8Array {
  const font = { fontFiles: fontFiles(), loadSystemFonts: false, defaultFontFamily: fontFamily };
  return new Resvg(svg, { fitTo: { mode: "zoom", value: scale }, font }).render().asPng();
}

/** The figure as PNG bytes. @param scale pixels to a unit; 2 for sharp screens */
export async function renderPng(
  figure: Figure,
  { scale = 2, ...options }: RenderOptions & { readonly scale?: number } = {},
): Promise<Uint8Array> {
  return svgToPng(await renderSvg(figure, options), scale);
}

/** Writes `<path>.svg` and `<path>.png`. */
export async function saveFigure(figure: Figure, path: string, options: RenderOptions = {}): Promise<void> {
  const svg = await renderSvg(figure, options);
  writeFileAtomic(`${path}.svg`, svg);
  writeFileAtomic(`${path}.png`, svgToPng(svg));
}
