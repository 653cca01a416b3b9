/**
 * Results in the project, beside each claim's protocol: results.json and figures/ of the profile `quick`, results.full.json
 * and figures/full/ of `full`; both in the generated part of the claim's README, and in the table of verdicts in the
 * project's README.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { updateMarked } from "../../src/support/markers.js";
import { packageRoot } from "../../src/support/package.js";
import { claimHeadlines, recordHeadlines } from "../headlines/headlines.js";
import type { Conclusion, Protocol } from "./protocol.js";
import { conclusionOf, markdownReport, markdownSummary, type Reported } from "./report.js";
import { readResults, writeFigures, writeResults } from "./reproduce.js";

/** The profiles whose results the project holds; smoke decides nothing. */
export const recordedProfiles = ["quick", "full"] as const;
type RecordedProfile = (typeof recordedProfiles)[number];

/** The folder of a claim in the project. */
export function claimFolder({ name }: Pick<Protocol, "name">): string {
  return join(packageRoot, "reproductions", name);
}

function resultsIn(folder: string, profile: RecordedProfile): string {
  return join(folder, profile === "quick" ? "results.json" : `results.${profile}.json`);
}

/** The results of a claim that the project holds, of each profile. */
export function recorded(protocol: Protocol, folder = claimFolder(protocol)): Reported[] {
  return recordedProfiles
    .map((profile) => resultsIn(folder, profile))
    .filter((path) => existsSync(path))
    .map((path) => ({ protocol, results: readResults(path) }));
}

/**
 * Puts results in place of those that the project holds of the same profile, draws the figures and writes the claim's
 * README; of `quick` the headline numbers too.
 * @throws ConfigError for results of smoke @throws DataError for part of a run in place of the whole of one
 */
export async function record(report: Reported, folder = claimFolder(report.protocol)): Promise<void> {
  const { protocol, results } = report;
  const { profile } = results.provenance;
  if (profile === "smoke") throw new ConfigError("profile smoke: decides nothing, expected quick or full");
  const path = resultsIn(folder, profile);
  if (results.partial && existsSync(path) && !readResults(path).partial)
    throw new DataError(
      `results of ${protocol.name}, ${profile}: ${results.partial.known} of ${results.partial.of} encoders are known, and the project holds results of a whole run`,
    );
  mkdirSync(folder, { recursive: true });
  writeResults(results, path);
  await redraw(protocol, folder);
  if (profile === "quick" && folder === claimFolder(protocol) && !results.partial)
    recordHeadlines([
      { claim: protocol.name, headlines: claimHeadlines(report), provenance: results.provenance },
    ]);
}

/** Draws the figures of the results that a claim's folder holds, and writes its README anew from them. */
export async function redraw(protocol: Protocol, folder = claimFolder(protocol)): Promise<void> {
  const parts: string[] = [];
  for (const report of recorded(protocol, folder)) {
    const { profile } = report.results.provenance;
    const conclusion = conclusionOf(report);
    const figures = profile === "quick" ? "figures" : `figures/${profile}`;
    removeFigures(join(folder, figures));
    await writeFigures(withoutImages(conclusion), join(folder, figures));
    const pictures = conclusion.figures.map(
      ({ name, figure }) => `![${figure.title}](${figures}/${name}.svg)`,
    );
    parts.push(`### Profile ${profile}`, markdownReport(report), ...pictures);
  }
  updateMarked(join(folder, "README.md"), "results", parts.join("\n\n"));
}

/** Takes away the figures of a folder, and not those of another profile below it. */
function removeFigures(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isFile()) rmSync(join(folder, entry.name));
}

/** What is recorded holds numbers alone: images of a data set may not be ours to pass on. */
function withoutImages(conclusion: Conclusion): Conclusion {
  for (const { name, figure } of conclusion.figures)
    if (JSON.stringify(figure).includes("data:image"))
      throw new DataError(`figure ${name}: expected numbers alone to record, found images`);
  return conclusion;
}

/** Writes the table of the verdicts that the project holds into its README. */
export function recordSummary(protocols: readonly Protocol[]): void {
  const reports = protocols.flatMap((protocol) => recorded(protocol));
  updateMarked(join(packageRoot, "README.md"), "claims", markdownSummary(reports));
}
