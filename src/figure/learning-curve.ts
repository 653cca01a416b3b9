/** Metrics over the steps or epochs of one or more runs. */
import { groupBy } from "../support/group.js";
import { type Figure, figure } from "./figure.js";

/** One point of one curve. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly series: string;
}

/** Title, caption and axes of learning curves. */
export interface CurveOptions {
  readonly title: string;
  readonly caption: string;
  readonly xTitle?: string;
  readonly yTitle?: string;
  readonly yScale?: "linear" | "log";
  readonly width?: number;
  readonly height?: number;
}

/** At most this many points a line; more cannot be seen, and make notebooks heavy. */
const mostPoints = 500;

/** Every n-th point, first and last included. */
function thin<T>(points: readonly T[]): readonly T[] {
  const stride = Math.ceil(points.length / mostPoints);
  return stride <= 1 ? points : points.filter((_, i) => i % stride === 0 || i === points.length - 1);
}

/** A line for each series. */
export function learningCurve(points: readonly CurvePoint[], options: CurveOptions): Figure {
  const {
    title,
    caption,
    xTitle = "step",
    yTitle = "loss",
    yScale = "linear",
    width = 480,
    height = 260,
  } = options;
  const shown = [...groupBy(points, ({ series }) => series).values()].flatMap((line) => thin(line));
  return figure(title, caption, {
    width,
    height,
    data: { values: shown },
    mark: { type: "line", clip: true },
    encoding: {
      x: { field: "x", type: "quantitative", title: xTitle, scale: { nice: false } },
      y: { field: "y", type: "quantitative", title: yTitle, scale: { type: yScale, zero: false } },
      color: { field: "series", type: "nominal", title: null, sort: null, legend: { orient: "top" } },
    },
  });
}
