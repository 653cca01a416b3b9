/**
 * Results into the project: results.json, the figures and the generated part of the claim's README, beside its protocol;
 * and the table of verdicts in the project's README.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { updateMarked } from "../../src/support/markers.js";
import { packageRoot } from "../../src/support/package.js";
import type { Protocol } from "./protocol.js";
import { markdownReport, markdownSummary, type Reported } from "./report.js";
import { readResults } from "./reproduce.js";

/** The folder of a claim in the project. */
export function claimFolder(protocol: Protocol): string {
  return join(packageRoot, "reproductions", protocol.name);
}

/** Copies results and figures from a run's folder, and writes them into the claim's README. */
export function record(report: Reported, folder: string): void {
  const target = claimFolder(report.protocol);
  const figures = join(folder, "figures");
  mkdirSync(join(target, "figures"), { recursive: true });
  copyFileSync(join(folder, "results.json"), join(target, "results.json"));
  const drawn = readdirSync(figures).filter((name) => /\.(svg|png|vl\.json)$/.test(name));
  for (const name of drawn) copyFileSync(join(figures, name), join(target, "figures", name));
  const pictures = drawn.filter((name) => name.endsWith(".svg")).map((name) => `![${name}](figures/${name})`);
  updateMarked(join(target, "README.md"), "results", [markdownReport(report), ...pictures].join("\n\n"));
}

/** Writes the table of the verdicts that the project holds into its README. */
export function recordSummary(protocols: readonly Protocol[]): void {
  const reports = protocols
    .map((protocol) => ({ protocol, path: join(claimFolder(protocol), "results.json") }))
    .filter(({ path }) => existsSync(path))
    .map(({ protocol, path }) => ({ protocol, results: readResults(path) }));
  updateMarked(join(packageRoot, "README.md"), "claims", markdownSummary(reports));
}
