/** A number for each pair of two conditions, as colour and as text: learning rate × batch size, task × recipe. */
import { groupBy } from "../support/group.js";
import { type Figure, figure } from "./figure.js";

/** One field of a heat map. */
export interface HeatMapCell {
  readonly x: string | number;
  readonly y: string | number;
  readonly value: number;
}

/** Title, caption and axes of a heat map. */
export interface HeatMapOptions {
  readonly title: string;
  readonly caption: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly valueTitle: string;
  /** d3-format of the text in the cells. */
  readonly format?: string;
  /** Columns or rows are compared, each with its own colours, where their numbers are not of one kind. */
  readonly normalise?: "none" | "x" | "y";
  readonly cellWidth?: number;
  readonly cellHeight?: number;
}

/** Where a cell's value lies between the smallest and the largest of its group, 0 to 1. */
function shares(cells: readonly HeatMapCell[], by: "none" | "x" | "y"): number[] {
  const groups = groupBy(cells, (cell) => (by === "none" ? "" : cell[by]));
  const range = new Map(
    [...groups].map(([key, group]) => {
      const values = group.map(({ value }) => value).filter(Number.isFinite);
      return [key, [Math.min(...values), Math.max(...values)] as const];
    }),
  );
  return cells.map((cell) => {
    const [low, high] = range.get(by === "none" ? "" : cell[by])!;
    return high > low ? (cell.value - low) / (high - low) : 0.5;
  });
}

/** Pixels of a heat map that has a legend beside it. */
const smallestWithLegend = 90;

/** Rows and columns keep the order in which they first appear. */
export function heatMap(cells: readonly HeatMapCell[], options: HeatMapOptions): Figure {
  const { title, caption, xTitle, yTitle, valueTitle, format = ".1f", normalise = "none" } = options;
  const { cellWidth = 62, cellHeight = 34 } = options;
  const share = shares(cells, normalise);
  const values = cells.map((cell, i) => ({ ...cell, x: String(cell.x), y: String(cell.y), share: share[i] }));
  const axis = (field: "x" | "y", text: string) => ({
    field,
    type: "ordinal",
    title: text,
    sort: null,
    axis: {
      grid: false,
      labelAngle: 0,
      ticks: false,
      domain: false,
      // A letter stands upright; a name goes on below its comma.
      ...(field === "y" && text.length === 1 && { titleAngle: 0, titleAlign: "right", titlePadding: 14 }),
      ...(field === "x" && { labelExpr: "split(datum.label, ', ')" }),
    },
  });
  const count = (field: "x" | "y") => new Set(values.map((cell) => cell[field])).size;
  const height = count("y") * cellHeight;
  return figure(title, caption, {
    width: count("x") * cellWidth,
    height,
    data: { values },
    encoding: { x: axis("x", xTitle), y: axis("y", yTitle) },
    layer: [
      {
        mark: { type: "rect" },
        encoding: {
          color: {
            field: normalise === "none" ? "value" : "share",
            type: "quantitative",
            title: valueTitle,
            scale: { scheme: "viridis", zero: false, nice: false },
            // The numbers stand in the cells; colours of few rows need no scale beside them.
            legend: normalise === "none" && height >= smallestWithLegend ? { gradientLength: height } : null,
          },
        },
      },
      {
        mark: { type: "text", fontSize: 11, fontWeight: 500 },
        encoding: {
          text: { field: "value", type: "quantitative", format },
          color: { condition: { test: "datum.share > 0.6", value: "#1a1a1a" }, value: "#ffffff" },
        },
      },
    ],
  });
}
