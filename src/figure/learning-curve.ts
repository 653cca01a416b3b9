/** Metrics over the steps or epochs of one or more runs. */
import { groupBy } from "../support/group.js";
import { type Figure, figure } from "./figure.js";
import { topLegend } from "./legend.js";

/** One point of one curve. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly series: string;
  /** A second thing by which lines of one colour are told apart, drawn as dashes. */
  readonly part?: string;
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
  const lines = groupBy(points, ({ series, part }) => `${series}\u0000${part ?? ""}`);
  const shown = [...lines.values()].flatMap((line) => thin(line));
  const named = (field: "series" | "part", names: readonly string[]) => ({
    field,
    type: "nominal",
    title: null,
    sort: null,
    legend: topLegend(names, width),
  });
  const parts = shown.flatMap(({ part }) => part ?? []);
  return figure(title, caption, {
    width,
    height,
    data: { values: shown },
    mark: { type: "line", clip: true },
    encoding: {
      x: { field: "x", type: "quantitative", title: xTitle, scale: { nice: false } },
      y: { field: "y", type: "quantitative", title: yTitle, scale: { type: yScale, zero: false } },
      color: named(
        "series",
        shown.map(({ series }) => series),
      ),
      ...(parts.length > 0 && { strokeDash: named("part", parts) }),
    },
  });
}
