/** `jessl headlines`: reruns the headline numbers and holds them against the recorded ones. */
import { join } from "node:path";
import { Command } from "commander";
import type { Headline } from "../../reproductions/index.js";
import { ConfigError, JesslError } from "../support/errors.js";
import { suggestion } from "../support/nearest.js";
import { textTable } from "../support/table.js";
import { reproduceOne } from "./reproduce.js";

interface HeadlinesCommandOptions {
  readonly out: string;
  readonly from?: string;
  readonly record?: boolean;
}

/** The headlines of a claim, as they are now. */
interface Fresh {
  readonly claim: string;
  readonly headlines: readonly Headline[];
  readonly provenance: object;
}

export function headlinesCommand(): Command {
  return new Command("headlines")
    .description("Rerun the headline numbers (profile quick) and compare them with the recorded ones.")
    .argument("[claims...]", "which; all of them by default. small: the numbers that cost seconds")
    .option("--from <folder>", "run no claim: read what `jessl reproduce` left there")
    .option(
      "--out <folder>",
      "where results go; what is there already is not run again",
      "runs/reproductions",
    )
    .option("--record", "write reproductions/headlines.json in place of comparing (for those who develop it)")
    .addHelpText(
      "after",
      "\nExit code 1 when a number is not found again within its tolerance.\n\nExamples:\n  jessl headlines                             minutes\n  jessl headlines small                       seconds\n  jessl headlines --from runs/reproductions   after jessl reproduce",
    )
    .action(checkHeadlines);
}

async function checkHeadlines(names: string[], options: HeadlinesCommandOptions): Promise<void> {
  const { compareHeadlines, headlinesPath, protocols, readHeadlines, recordHeadlines, smallClaim } =
    await import("../../reproductions/index.js");
  const known = [smallClaim, ...protocols.map(({ name }) => name)];
  for (const name of names)
    if (!known.includes(name)) throw new ConfigError(`claim ${name}: unknown; ${suggestion(name, known)}`);
  const chosen = names.length === 0 ? known : known.filter((name) => names.includes(name));
  const fresh: Fresh[] = [];
  for (const name of chosen) fresh.push(await freshOf(name, options));
  if (options.record) {
    recordHeadlines(fresh);
    process.stdout.write(`\nRecorded: ${headlinesPath}\n`);
    return;
  }
  const recorded = readHeadlines().headlines.filter(({ name }) =>
    chosen.some((claim) => name.startsWith(`${claim}: `)),
  );
  const comparisons = compareHeadlines(
    recorded,
    fresh.flatMap(({ headlines }) => headlines),
  );
  const missed = comparisons.filter(({ found }) => !found).length;
  process.stdout.write(`\n${comparisonTable(comparisons)}\n\n`);
  if (missed > 0)
    throw new JesslError(
      `headlines: expected all to be found again, ${missed} of ${comparisons.length} were not`,
    );
  process.stdout.write(`All ${comparisons.length} headline numbers were found again.\n`);
}

async function freshOf(claim: string, { from, out }: HeadlinesCommandOptions): Promise<Fresh> {
  const { claimHeadlines, protocols, provenanceOfSmall, readResults, smallClaim, smallHeadlines } =
    await import("../../reproductions/index.js");
  if (claim === smallClaim) {
    process.stdout.write("\nsmall: SimCLR and noise-only SimCLR on 1,000 images\n");
    const began = performance.now();
    const headlines = [...(await smallHeadlines("standard")), ...(await smallHeadlines("noise"))];
    return { claim, headlines, provenance: provenanceOfSmall((performance.now() - began) / 1000) };
  }
  const protocol = protocols.find(({ name }) => name === claim)!;
  const profile = "quick";
  const results =
    from === undefined
      ? await reproduceOne(protocol, { profile, out })
      : readResults(join(from, `${claim}-${profile}`, "results.json"));
  return { claim, headlines: claimHeadlines({ protocol, results }), provenance: results.provenance };
}

function comparisonTable(
  comparisons: ReturnType<typeof import("../../reproductions/index.js").compareHeadlines>,
): string {
  const digits = (value: number | undefined): string => value?.toFixed(2) ?? "";
  return textTable(
    [
      { title: "headline" },
      ...["recorded", "now", "difference", "tolerance"].map((title) => ({ title })),
      { title: "", align: "left" as const },
    ],
    comparisons.map(({ name, recorded, now, difference, found }) => [
      name,
      digits(recorded?.value),
      digits(now?.value),
      digits(difference),
      digits(recorded?.tolerance),
      found ? "found again" : !recorded ? "MISS: not recorded" : !now ? "MISS: not there now" : "MISS",
    ]),
  );
}
