/**
 * The kernel's public API: what a cell (or a script) imports to show things, `import { html, table } from
 * "jessl/kernel"`, and what starts the kernel.
 * @module jessl/kernel
 */
export type { Progress } from "../src/support/progress.js";
export { kernelCommand, kernelEnv, kernelMain } from "./command.js";
export type { DisplayOptions, Handle } from "./display/host.js";
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
  type TextOf as TextDisplay,
  table,
  tensorGrid,
} from "./display/rich.js";
export type { Row as TableRow, TableOptions } from "./display/table.js";
export type { GridOptions as TensorGridOptions } from "./display/tensor.js";
export {
  type DropdownOptions,
  dropdown,
  progressWidget,
  type SliderOptions,
  slider,
  type Widget,
} from "./display/widgets.js";
export { kernelInfo } from "./protocol/info.js";
