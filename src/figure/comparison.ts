/** Conditions side by side: the mean of each over its runs with a 95 % interval, and every run as a dot. */
import { groupBy } from "../support/group.js";
import { type Figure, figure } from "./figure.js";
import { interval } from "./interval.js";

export interface ComparisonPoint {
  /** A row of the chart, such as a method. */
  readonly category: string;
  readonly value: number;
  /** What is compared within a row, such as a recipe. */
  readonly series: string;
}

export interface ComparisonOptions {
  readonly title: string;
  readonly caption: string;
  readonly xTitle: string;
  /** A vertical line to compare with, such as 0 where values are differences. */
  readonly reference?: number;
  readonly width?: number;
}

/** Height of a series within a row, in pixels. */
const pitch = 18;

/** One point for each run; runs of one category and series are seeds. Rows keep the order in which they first appear. */
export function comparisonChart(points: readonly ComparisonPoint[], options: ComparisonOptions): Figure {
  const { title, caption, xTitle, reference, width = 420 } = options;
  const series = [...new Set(points.map((point) => point.series))];
  const rows = new Set(points.map(({ category }) => category)).size;
  const groups = groupBy(points, (point) => `${point.category}\u0000${point.series}`);
  const summary = [...groups.values()].map((group) => {
    const { category, series: name } = group[0]!;
    return { category, series: name, ...interval(group.map(({ value }) => value)) };
  });
  const y = {
    field: "category",
    type: "nominal",
    title: null,
    sort: null,
    axis: { ticks: false, domain: false, grid: true, bandPosition: 1, labelLimit: 260 },
  };
  const yOffset = { field: "series", type: "nominal", sort: series, scale: { paddingOuter: 0.6 } };
  const x = (field: string) => ({
    field,
    type: "quantitative",
    title: xTitle,
    scale: { zero: false },
    // The outermost labels would be moved inwards, onto their neighbours.
    axis: { labelFlush: false },
  });
  const color = {
    field: "series",
    type: "nominal",
    title: null,
    sort: series,
    legend: { orient: "top", direction: "vertical" },
  };
  const number = (field: string) => ({ field, type: "quantitative", format: ".2f" });
  return figure(title, caption, {
    width,
    height: rows * (series.length + 1) * pitch,
    layer: [
      ...(reference === undefined
        ? []
        : [{ data: { values: [{ reference }] }, mark: { type: "rule" }, encoding: { x: x("reference") } }]),
      {
        data: { values: summary },
        mark: { type: "rule", strokeWidth: 2 },
        encoding: { y, yOffset, x: x("low"), x2: { field: "high" }, color },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: false, size: 26, opacity: 0.8 },
        encoding: { y, yOffset, x: x("value"), color },
      },
      {
        data: { values: summary },
        mark: { type: "point", size: 70 },
        encoding: {
          y,
          yOffset,
          x: x("mean"),
          color,
          tooltip: [
            { field: "category" },
            { field: "series" },
            ...["mean", "low", "high"].map(number),
            { field: "count", type: "quantitative", title: "runs" },
          ],
        },
      },
    ],
  });
}
