/**
 * Runs a protocol and writes what came of it: results.json with every row, the controls, the verdict with its rule and
 * the provenance, and the figures as Vega-Lite, SVG and PNG.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { saveFigure, vegaLiteSpec } from "../../src/figure/index.js";
import { writeFileAtomic } from "../../src/support/atomic.js";
import { DataError } from "../../src/support/errors.js";
import { codeHash } from "./code.js";
import type { Course } from "./course.js";
import { createLaboratory, type LaboratoryOptions } from "./laboratory.js";
import type { Conclusion, ProfileName, Protocol, Row, VerdictWord } from "./protocol.js";
import { madeNow, type Provenance } from "./provenance.js";
import { RowStore } from "./row-store.js";
import { sayingCopy } from "./stages.js";

/** The content of results.json. */
export interface Results {
  readonly claim: string;
  readonly link: string;
  readonly scale: string;
  readonly verdict: VerdictWord;
  readonly rule: string;
  readonly findings: readonly string[];
  /** How many of the encoders these results are of, when the run had not come to its end; absent of whole ones. */
  readonly partial?: { readonly known: number; readonly of: number };
  readonly rows: readonly Row[];
  readonly controls: readonly Row[];
  /** How some of the trainings went. */
  readonly courses?: readonly Course[];
  readonly provenance: Provenance;
}

export interface ReproduceOptions {
  readonly profile: ProfileName;
  /** The folder for this claim and profile. */
  readonly folder: string;
  /** The file of the rows, which claims may share; rows.jsonl in the folder by default. */
  readonly rows?: string;
  readonly signal?: AbortSignal;
  readonly showProgress?: boolean;
}

export interface Outcome {
  readonly results: Results;
  readonly conclusion: Conclusion;
}

const controlConditions = ["raw pixels", "untrained", "untrained, statistics of the data", "supervised"];

/** Whether a row is a control, which stands beside every claim. */
export function isControl({ condition }: Row): boolean {
  return controlConditions.includes(condition);
}

/** Runs what is not known yet, and writes results and figures. */
export async function reproduce(protocol: Protocol, options: ReproduceOptions): Promise<Outcome> {
  const outcome = await conclusionFrom(protocol, options);
  await writeOutcome(outcome, options.folder);
  return outcome;
}

/**
 * Concludes from the rows of a run that are known, and runs nothing. Rows of other code than this one count as well,
 * those of one code alone: of whichever made most. What made them stands in the provenance.
 * @throws DataError when no training of the claim is known
 */
export async function concludeKnown(protocol: Protocol, options: ReproduceOptions): Promise<Outcome> {
  const path = rowsOf(options);
  const outcomes: Outcome[] = [];
  for (const code of new Set([codeHash(), ...new RowStore(path).codes()])) {
    const outcome = await conclusionFrom(protocol, options, { onlyKnown: true, code });
    if (outcome.results.rows.some(({ condition }) => condition !== "tuning")) outcomes.push(outcome);
  }
  if (outcomes.length === 0)
    throw new DataError(
      `file ${path}: expected trainings of ${protocol.name}, profile ${options.profile}, found none`,
    );
  return outcomes.reduce((most, outcome) => (sizeOf(outcome) > sizeOf(most) ? outcome : most));
}

/**
 * The results that a run's folder holds, finished or not, without running anything: those of its rows, or of its
 * results.json where this one holds more (its rows may be of code that did not say so).
 */
export async function heldResults(protocol: Protocol, options: ReproduceOptions): Promise<Results> {
  const path = join(options.folder, "results.json");
  if (!existsSync(path)) return (await concludeKnown(protocol, options)).results;
  const written = readResults(path);
  const known = await concludeKnown(protocol, options).catch(() => undefined);
  return known && sizeOf(known) >= sizeOf({ results: written }) ? known.results : written;
}

const sizeOf = ({ results: { rows, controls } }: Pick<Outcome, "results">): number =>
  rows.length + controls.length;

const rowsOf = ({ rows, folder }: ReproduceOptions): string => rows ?? join(folder, "rows.jsonl");

async function conclusionFrom(
  protocol: Protocol,
  options: ReproduceOptions,
  more: Pick<LaboratoryOptions, "onlyKnown" | "code"> = {},
): Promise<Outcome> {
  const { profile } = options;
  const laboratory = createLaboratory({ claim: protocol.name, ...options, rows: rowsOf(options), ...more });
  try {
    await protocol.run(laboratory, profile);
  } finally {
    laboratory.close();
  }
  const { rows, courses, missing, made = madeNow() } = laboratory;
  const none: Conclusion = {
    verdict: "not decided",
    findings: [],
    table: { columns: [], rows: [] },
    figures: [],
  };
  const conclusion = rows.some((row) => !isControl(row) && row.condition !== "tuning")
    ? protocol.conclude(rows, profile, courses)
    : none;
  const lacking = missing.deciding + missing.beside;
  const results: Results = {
    claim: protocol.claim,
    link: protocol.link,
    scale: sayingCopy(protocol.scale[profile], rows),
    verdict: missing.deciding > 0 ? "not decided" : conclusion.verdict,
    rule: protocol.rule,
    findings: conclusion.findings,
    ...(lacking > 0 && { partial: { known: missing.known, of: missing.known + lacking } }),
    rows: rows.filter((row) => !isControl(row)),
    controls: rows.filter(isControl),
    ...(courses.length > 0 && { courses }),
    provenance: { ...made, profile, seconds: Math.round(laboratory.seconds()) },
  };
  return { results, conclusion };
}

/** Writes results.json and the figures. */
export async function writeOutcome({ results, conclusion }: Outcome, folder: string): Promise<void> {
  writeResults(results, join(folder, "results.json"));
  await writeFigures(conclusion, join(folder, "figures"));
}

export function writeResults(results: Results, path: string): void {
  writeFileAtomic(path, `${JSON.stringify(results, null, 1)}\n`);
}

/** Writes the figures of a conclusion into a folder, as Vega-Lite, SVG and PNG. */
export async function writeFigures({ figures }: Conclusion, folder: string): Promise<void> {
  for (const { name, figure } of figures) {
    const path = join(folder, name);
    writeFileAtomic(`${path}.vl.json`, `${JSON.stringify(vegaLiteSpec(figure))}\n`);
    await saveFigure(figure, path);
  }
}

/** Reads a results.json. @throws DataError when it is missing or no results */
export function readResults(path: string): Results {
  if (!existsSync(path)) throw new DataError(`file ${path}: expected results of a reproduction, found none`);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Results;
  } catch (error) {
    throw new DataError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
}
