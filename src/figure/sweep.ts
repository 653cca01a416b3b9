/** A quantity against a swept one: the mean over seeds as a line, its 95 % interval as a band, every run as a dot. */
import { groupBy } from "../support/group.js";
import { type Figure, figure } from "./figure.js";
import { interval } from "./interval.js";

export interface SweepPoint {
  /** The swept quantity, such as the batch size. */
  readonly x: number;
  readonly y: number;
  /** Which line it belongs to. */
  readonly series: string;
}

export interface SweepOptions {
  readonly title: string;
  readonly caption: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xScale?: "linear" | "log";
  /** Horizontal lines to compare with, such as the untrained encoder. */
  readonly references?: readonly { readonly label: string; readonly y: number }[];
  readonly width?: number;
  readonly height?: number;
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
  const colour = { field: "series", type: "nominal", title: null, sort: null, legend: { orient: "top" } };
  const layers: object[] = [
    {
      data: { values: summary },
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
  if (references.length > 0)
    layers.push(
      {
        data: { values: references },
        mark: { type: "rule", strokeDash: [5, 4] },
        encoding: { y: y("y") },
      },
      {
        data: { values: references },
        mark: { type: "text", align: "left", baseline: "middle", dx: 6 },
        encoding: { y: y("y"), x: { value: width }, text: { field: "label" } },
      },
    );
  return figure(title, caption, { width, height, layer: layers });
}
