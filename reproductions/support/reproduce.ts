/**
 * Runs a protocol and writes what came of it: results.json with every row, the controls, the verdict with its rule and
 * the provenance, and the figures as Vega-Lite, SVG and PNG.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { saveFigure, vegaLiteSpec } from "../../src/figure/index.js";
import { writeFileAtomic } from "../../src/support/atomic.js";
import { DataError } from "../../src/support/errors.js";
import type { Course } from "./course.js";
import { createLaboratory } from "./laboratory.js";
import type { Conclusion, ProfileName, Protocol, Row, VerdictWord } from "./protocol.js";
import { type Provenance, provenance } from "./provenance.js";
import { sayingCopy } from "./stages.js";

/** The content of results.json. */
export interface Results {
  readonly claim: string;
  readonly link: string;
  readonly scale: string;
  readonly verdict: VerdictWord;
  readonly rule: string;
  readonly findings: readonly string[];
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
  /** Concludes from the rows that are known, and runs nothing. */
  readonly onlyKnown?: boolean;
  readonly showProgress?: boolean;
}

const controlConditions = ["raw pixels", "untrained", "untrained, statistics of the data", "supervised"];

/** Whether a row is a control, which stands beside every claim. */
export function isControl({ condition }: Row): boolean {
  return controlConditions.includes(condition);
}

/** Runs what is not known yet, and writes results and figures. */
export async function reproduce(
  protocol: Protocol,
  { profile, folder, ...options }: ReproduceOptions,
): Promise<{ results: Results; conclusion: Conclusion }> {
  const laboratory = createLaboratory({
    claim: protocol.name,
    folder,
    ...options,
  });
  try {
    await protocol.run(laboratory, profile);
  } finally {
    laboratory.close();
  }
  const { rows, courses } = laboratory;
  const conclusion = protocol.conclude(rows, profile, courses);
  const seconds = Math.round(laboratory.seconds());
  const results: Results = {
    claim: protocol.claim,
    link: protocol.link,
    scale: sayingCopy(protocol.scale[profile], rows),
    verdict: conclusion.verdict,
    rule: protocol.rule,
    findings: conclusion.findings,
    rows: rows.filter((row) => !isControl(row)),
    controls: rows.filter(isControl),
    ...(courses.length > 0 && { courses }),
    provenance: provenance({ profile, seconds }),
  };
  writeFileAtomic(join(folder, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  await writeFigures(conclusion, folder);
  return { results, conclusion };
}

/** Writes the figures of a conclusion into `<folder>/figures`, as Vega-Lite, SVG and PNG. */
export async function writeFigures({ figures }: Conclusion, folder: string): Promise<void> {
  for (const { name, figure } of figures) {
    const path = join(folder, "figures", name);
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
