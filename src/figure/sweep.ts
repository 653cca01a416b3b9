/** A quantity against a swept one: the mean over seeds as a line, its 95 % interval as a band, every run as a dot. */
import { groupBy } from "../support/group.js";
import { type Figure, figure } from "./figure.js";
import { interval } from "./interval.js";
import { topLegend } from "./legend.js";

/** What one run of a sweep came to. */
export interface SweepPoint {
  /** The swept quantity, such as the batch size. */
  readonly x: number;
  readonly y: number;
  /** Which line it belongs to. */
  readonly series: string;
}

/** Title, caption and axes of a sweep's figure. */
export interface SweepOptions {
  readonly title: string;
  readonly caption: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xScale?: "linear" | "log";
  /** Horizontal lines to compare with, such as the untrained encoder. */
  readonly references?: readonly { readonly label: string; readonly y: number }[];
  /** Runs that a band needs; 2 by default, whose interval is six times as wide as one of five. */
  readonly bandFrom?: number;
  readonly width?: number;
  readonly height?: number;
}

/** Pixels between the middles of two labels; the scale may be a little denser than it is taken for. */
const labelGap = 15;

/**
 * Places that are at least `gap` apart, in the same order, near the wished ones: those that would touch form a row
 * around the middle of their wishes.
 * @param wished ascending
 */
export function apart(wished: readonly number[], gap: number): number[] {
  // Measured from where a row without gaps would put each place, rows are runs of equal values: pool what is out of order.
  const rows: { mean: number; count: number }[] = [];
  wished.forEach((place, i) => {
    rows.push({ mean: place - i * gap, count: 1 });
    while (rows.length > 1 && rows.at(-2)!.mean > rows.at(-1)!.mean) {
      const [before, last] = rows.splice(-2) as [(typeof rows)[0], (typeof rows)[0]];
      const count = before.count + last.count;
      rows.push({ mean: (before.mean * before.count + last.mean * last.count) / count, count });
    }
  });
  return rows
    .flatMap(({ mean, count }) => Array<number>(count).fill(mean))
    .map((place, i) => place + i * gap);
}

/** One point for each run; runs of one x and series are seeds. */
export function sweepFigure(points: readonly SweepPoint[], options: SweepOptions): Figure {
  const {
    title,
    caption,
    xTitle,
    yTitle,
    xScale = "linear",
    references = [],
    bandFrom = 2,
    width = 480,
    height = 300,
  } = options;
  const groups = groupBy(points, ({ series, x }) => `${series}\u0000${x}`);
  const summary = [...groups.values()].map((group) => {
    const { x, series } = group[0]!;
    return { x, series, ...interval(group.map(({ y }) => y)) };
  });
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const logarithmic = xScale === "log" ? { type: "log", base: 2, nice: false } : { zero: false, nice: false };
  const x = {
    field: "x",
    type: "quantitative",
    title: xTitle,
    scale: logarithmic,
    axis: { values: xs, grid: false },
  };
  const y = (field: string) => ({ field, type: "quantitative", title: yTitle, scale: { zero: false } });
  const legend = topLegend(
    points.map(({ series }) => series),
    width,
  );
  const colour = { field: "series", type: "nominal", title: null, sort: null, legend };
  const layers: object[] = [
    {
      data: { values: summary.filter(({ count }) => count >= bandFrom) },
      mark: { type: "area", opacity: 0.15 },
      encoding: { x, y: y("low"), y2: { field: "high" }, color: colour },
    },
    {
      data: { values: points },
      mark: { type: "point", opacity: 0.55, size: 22 },
      encoding: { x, y: y("y"), color: colour },
    },
    {
      data: { values: summary },
      mark: { type: "line", point: { size: 50 } },
      encoding: {
        x,
        y: y("mean"),
        color: colour,
        tooltip: [
          { field: "series", type: "nominal" },
          { field: "x", type: "quantitative", title: xTitle },
          { field: "mean", type: "quantitative", format: ".2f" },
          { field: "low", type: "quantitative", format: ".2f" },
          { field: "high", type: "quantitative", format: ".2f" },
          { field: "count", type: "quantitative", title: "runs" },
        ],
      },
    },
  ];
  if (references.length > 0) {
    const ends = [...summary.flatMap(({ low, high }) => [low, high]), ...points.map((point) => point.y)];
    const all = [...ends, ...references.map((reference) => reference.y)];
    const perUnit = height / (Math.max(...all) - Math.min(...all) || 1);
    const sorted = [...references].sort((a, b) => b.y - a.y);
    const heights = apart(
      sorted.map((reference) => -reference.y * perUnit),
      labelGap,
    );
    layers.push(
      {
        data: { values: references },
        mark: { type: "rule", strokeDash: [5, 4] },
        encoding: { y: y("y") },
      },
      ...sorted.map((reference, i) => ({
        data: { values: [reference] },
        mark: {
          type: "text",
          align: "left",
          baseline: "middle",
          dx: 6,
          dy: Math.round(heights[i]! + reference.y * perUnit),
        },
        encoding: { y: y("y"), x: { value: width }, text: { field: "label" } },
      })),
    );
  }
  return figure(title, caption, { width, height, layer: layers });
}
