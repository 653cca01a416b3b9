/** What a probe reads out of each layer of a network, from the input to the loss. */
import { type Figure, figure } from "./figure.js";

/** What a probe reads out of one layer. */
export interface LayerScore {
  /** In the order of the layers. */
  readonly layer: string;
  readonly value: number;
  readonly series: string;
}

/** Title, caption and axis of a chart by layer. */
export interface LayerChartOptions {
  readonly title: string;
  readonly caption: string;
  readonly yTitle: string;
  readonly width?: number;
}

/** A line over the layers for each series. */
export function layerChart(scores: readonly LayerScore[], options: LayerChartOptions): Figure {
  const { title, caption, yTitle, width } = options;
  const layers = new Set(scores.map(({ layer }) => layer)).size;
  return figure(title, caption, {
    width: width ?? Math.max(240, layers * 90),
    height: 260,
    data: { values: scores },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "layer",
        type: "ordinal",
        title: "layer",
        sort: null,
        axis: { labelAngle: 0, grid: false },
      },
      y: { field: "value", type: "quantitative", title: yTitle, scale: { zero: false } },
      color: { field: "series", type: "nominal", title: null, sort: null, legend: { orient: "top" } },
    },
  });
}
