/**
 * What a figure is: a Vega-Lite specification with a title that says what it shows and a caption that says how it was
 * made. Figures are plain data; `vegaLiteSpec` dresses them in a theme, render.ts makes pictures of them.
 */
import type { TopLevelSpec } from "vega-lite";
import { type Theme, themeConfig } from "./theme.js";

/** A specification without the parts that every figure has: title, data URLs' schema and theme. */
export type Specification = Readonly<Record<string, unknown>>;

/** A figure as plain data: a specification of Vega-Lite, a title and a caption. */
export interface Figure {
  readonly kind: "vega-lite";
  /** One sentence: what it shows. */
  readonly title: string;
  /** How it was made: data, runs, intervals. */
  readonly caption: string;
  readonly spec: Specification;
}

/** Whether a value is a figure of this library. */
export function isFigure(value: unknown): value is Figure {
  const figure = value as Partial<Figure> | null;
  return typeof figure === "object" && figure?.kind === "vega-lite" && typeof figure.spec === "object";
}

/** A figure from its parts. */
export function figure(title: string, caption: string, spec: Specification): Figure {
  return { kind: "vega-lite", title, caption, spec };
}

/** Words in lines of at most `width` characters; Vega breaks no text by itself. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** The complete Vega-Lite specification, for a live view: theme, title, and the caption below it. */
export function vegaLiteSpec({ title, caption, spec }: Figure, theme: Theme = "light"): TopLevelSpec {
  const width = typeof spec.width === "number" ? spec.width : 480;
  const columns = Math.max(60, Math.round((width + 140) / 6));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: wrapText(title, Math.round(columns * 0.8)), subtitle: wrapText(caption, columns) },
    ...spec,
    config: themeConfig(theme),
  } as unknown as TopLevelSpec;
}
