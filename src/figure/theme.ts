/**
 * The one look of all figures: colours that colour-blind people tell apart (Okabe and Ito 2008, "Color Universal
 * Design"), a sequential scale of even lightness, one font that comes with the package, and a light and a dark form.
 */
import type { Config } from "vega-lite";

/** Light or dark. */
export type Theme = "light" | "dark";

/** The font of every text; static pictures are drawn with the package's own copy of it. */
export const fontFamily = "IBM Plex Sans";

/** Categorical colours in the order of their use. Yellow is left out: it cannot be read on white. */
export const categorical: readonly string[] = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#56B4E9",
  "#E69F00",
  "#777777",
];

/** The colours of a theme. */
export interface Palette {
  readonly background: string;
  readonly text: string;
  readonly soft: string;
  readonly line: string;
}

const palettes: Readonly<Record<Theme, Palette>> = {
  light: { background: "#ffffff", text: "#1a1a1a", soft: "#595959", line: "#e0e0e0" },
  dark: { background: "#161616", text: "#f0f0f0", soft: "#b0b0b0", line: "#3a3a3a" },
};

/** Colours of texts and rules. */
export function palette(theme: Theme): Palette {
  return palettes[theme];
}

/** The Vega-Lite configuration of a theme. */
export function themeConfig(theme: Theme): Config {
  const { background, text, soft, line } = palettes[theme];
  const label = { labelColor: soft, titleColor: text, labelFontSize: 11, titleFontSize: 12 };
  return {
    background,
    // A browser may not have it; static pictures bring their own.
    font: `${fontFamily}, sans-serif`,
    padding: 16,
    view: { stroke: null },
    title: {
      anchor: "start",
      color: text,
      fontSize: 15,
      fontWeight: 600,
      subtitleColor: soft,
      subtitleFontSize: 11.5,
      subtitleLineHeight: 16,
      subtitlePadding: 6,
      offset: 14,
    },
    axis: {
      ...label,
      titleFontWeight: 500,
      gridColor: line,
      domainColor: line,
      tickColor: line,
      titlePadding: 8,
    },
    legend: {
      ...label,
      titleFontWeight: 500,
      symbolStrokeWidth: 2,
      labelLimit: 320,
      symbolOpacity: 1,
      // Legends above a plot lie one below the other; Vega knows this, the types of Vega-Lite do not.
      ...({ layout: { top: { direction: "vertical", anchor: "start", margin: 4 } } } as object),
    },
    header: { ...label, titleFontWeight: 500, labelFontWeight: 500 },
    range: {
      category: [...categorical],
      heatmap: { scheme: theme === "light" ? "viridis" : "cividis" },
      ramp: { scheme: theme === "light" ? "viridis" : "cividis" },
    },
    text: { color: text, fontSize: 11 },
    rule: { color: soft },
    line: { strokeWidth: 2 },
    point: { filled: true, size: 45 },
  };
}
