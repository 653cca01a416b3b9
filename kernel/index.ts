/**
 * The kernel's public API: what a cell (or a script) imports to show things, `import { html, table } from
 * "jessl/kernel"`, and what starts the kernel.
 */
export { kernelCommand, kernelEnv, kernelMain } from "./command.js";
export type { Handle } from "./display/host.js";
export { toMimeBundle } from "./display/index.js";
export { type LivePlot, type LivePlotOptions, livePlot, type StepMetrics } from "./display/live-plot.js";
export { type Displayable, displaySymbol, type MimeBundle } from "./display/mime.js";
export { type ProgressBarOptions, progressBar, track } from "./display/progress.js";
export {
  display,
  displayable,
  html,
  image,
  json,
  latex,
  markdown,
  mimeBundle,
  svg,
  table,
  tensorGrid,
} from "./display/rich.js";
export type { TableOptions } from "./display/table.js";
export {
  type DropdownOptions,
  dropdown,
  progressWidget,
  type SliderOptions,
  slider,
  type Widget,
} from "./display/widgets.js";
export { kernelInfo } from "./protocol/info.js";
