/**
 * Results into the project: results.json, the figures and the generated part of the claim's README, beside its protocol;
 * and the table of verdicts in the project's README.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { updateMarked } from "../../src/support/markers.js";
import { packageRoot } from "../../src/support/package.js";
import { claimHeadlines, recordHeadlines } from "../headlines/headlines.js";
import type { Protocol } from "./protocol.js";
import { conclusionOf, markdownReport, markdownSummary, type Reported } from "./report.js";
import { readResults, writeFigures } from "./reproduce.js";

/** The folder of a claim in the project. */
export function claimFolder(protocol: Protocol): string {
  return join(packageRoot, "reproductions", protocol.name);
}

/** Whether the project holds results of a claim. */
export function isRecorded(protocol: Protocol): boolean {
  return existsSync(join(claimFolder(protocol), "results.json"));
}

/**
 * Copies results from a run's folder, draws their figures, and writes both into the claim's README; of `quick` the headline
 * numbers too.
 */
export async function record(report: Reported, folder: string): Promise<void> {
  const target = claimFolder(report.protocol);
  mkdirSync(target, { recursive: true });
  copyFileSync(join(folder, "results.json"), join(target, "results.json"));
  await redraw(report.protocol);
  const { provenance } = report.results;
  if (provenance.profile === "quick")
    recordHeadlines([{ claim: report.protocol.name, headlines: claimHeadlines(report), provenance }]);
}

/** Draws the figures of the results that a claim's folder holds, and writes its README anew from them. */
export async function redraw(protocol: Protocol): Promise<void> {
  const target = claimFolder(protocol);
  const report = { protocol, results: readResults(join(target, "results.json")) };
  const conclusion = conclusionOf(report);
  rmSync(join(target, "figures"), { recursive: true, force: true });
  await writeFigures(conclusion, target);
  const pictures = conclusion.figures.map(({ name, figure }) => `![${figure.title}](figures/${name}.svg)`);
  updateMarked(join(target, "README.md"), "results", [markdownReport(report), ...pictures].join("\n\n"));
}

/** Writes the table of the verdicts that the project holds into its README. */
export function recordSummary(protocols: readonly Protocol[]): void {
  const reports = protocols.filter(isRecorded).map((protocol) => ({
    protocol,
    results: readResults(join(claimFolder(protocol), "results.json")),
  }));
  updateMarked(join(packageRoot, "README.md"), "claims", markdownSummary(reports));
}
