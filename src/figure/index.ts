/** Figures: made of plain data, shown live by Vega-Lite, or drawn as SVG and PNG without a browser. */
export { type ComparisonOptions, type ComparisonPoint, comparisonChart } from "./comparison.js";
export {
  type EmbeddingOptions,
  embeddingMap,
  embeddingMap3d,
  type LayOutOptions,
  layOut,
  type PlotlyFigure,
} from "./embedding.js";
export { type Figure, figure, isFigure, type Specification, vegaLiteSpec, wrapText } from "./figure.js";
export { type HeatMapCell, type HeatMapOptions, heatMap } from "./heat-map.js";
export { type ImageBatch, imageToPng, imageToUrl } from "./image.js";
export { type GridCell, type GridOptions, imageGrid } from "./image-grid.js";
export { formatInterval, type Interval, interval, pairedInterval } from "./interval.js";
export { type LayerChartOptions, type LayerScore, layerChart } from "./layers.js";
export { type CurveOptions, type CurvePoint, learningCurve } from "./learning-curve.js";
export { type RenderOptions, renderPng, renderSvg, saveFigure, svgToPng } from "./render.js";
export { type SweepOptions, type SweepPoint, sweepFigure } from "./sweep.js";
export { categorical, fontFamily, type Palette, palette, type Theme, themeConfig } from "./theme.js";
export { type ViewGridOptions, viewGrid } from "./view-grid.js";
