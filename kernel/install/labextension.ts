/**
 * JupyterLab shows Vega-Lite by itself, Plotly figures by an extension: one of ours, a few lines around the plotly.js
 * that this package depends on, put beside the kernelspec.
 */
import { copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { packageRoot } from "../../src/support/package.js";

const name = "jessl-plotly";

/** Installs the extension below a data folder; returns its folder. */
export function installPlotlyExtension(dataFolder: string): string {
  const folder = join(dataFolder, "labextensions", name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(packageRoot, "kernel", "install", "labextension"), folder, { recursive: true });
  const plotly = dirname(createRequire(import.meta.url).resolve("plotly.js/package.json"));
  copyFileSync(join(plotly, "plotly.min.js"), join(folder, "static", "plotly.min.js"));
  return folder;
}

/** Removes it. */
export function removePlotlyExtension(dataFolder: string): void {
  rmSync(join(dataFolder, "labextensions", name), { recursive: true, force: true });
}
