/**
 * The headline numbers of all claims, as they were recorded from a real run, and whether a rerun finds them again.
 * `reproductions/headlines.json` is written by `jessl headlines --record`, never by hand.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../src/support/atomic.js";
import { DataError } from "../../src/support/errors.js";
import { packageRoot } from "../../src/support/package.js";
import { seedsOf } from "../support/numbers.js";
import type { KeyNumber } from "../support/protocol.js";
import { conclusionOf, type Reported } from "../support/report.js";

const headlineSchema = z.strictObject({
  /** Claim and number, such as `small-batches: drop`. */
  name: z.string(),
  what: z.string(),
  value: z.number(),
  /** 95 % interval over the seeds; null for one seed. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
  tolerance: z.number().positive(),
  because: z.string(),
  profile: z.string(),
  seeds: z.array(z.number()),
});

const fileSchema = z.strictObject({
  headlines: z.array(headlineSchema),
  provenance: z.record(z.string(), z.record(z.string(), z.unknown())),
});

export type Headline = z.infer<typeof headlineSchema>;
/** The content of headlines.json: the numbers, and by claim where they come from. */
export type Headlines = z.infer<typeof fileSchema>;

export const headlinesPath: string = join(packageRoot, "reproductions", "headlines.json");

/** Digits that are kept: a hundredth of a point, of a loss or of a ratio says all that a tolerance can. */
const rounded = (value: number): number => Number(value.toFixed(3));

/** The numbers of a claim as headlines. */
export function headlinesOf(
  claim: string,
  numbers: readonly KeyNumber[],
  { profile, seeds }: Pick<Headline, "profile" | "seeds">,
): Headline[] {
  return numbers.map(({ name, what, value, tolerance }) => ({
    name: `${claim}: ${name}`,
    what,
    value: rounded(value.mean),
    interval: value.count < 2 ? null : [rounded(value.low), rounded(value.high)],
    tolerance: tolerance.within,
    because: tolerance.because,
    profile,
    seeds: [...seeds],
  }));
}

/** The headlines of a claim's results. */
export function claimHeadlines({ protocol, results }: Reported): Headline[] {
  const { numbers = [] } = conclusionOf({ protocol, results });
  // Seed 0 is for choices.
  const seeds = seedsOf(results.rows.filter(({ condition }) => condition !== "tuning"));
  return headlinesOf(protocol.name, numbers, { profile: results.provenance.profile, seeds });
}

/** @throws DataError when the file is missing or no headlines */
export function readHeadlines(path = headlinesPath): Headlines {
  if (!existsSync(path)) throw new DataError(`file ${path}: expected headline numbers, found none`);
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new DataError(`file ${path}: expected headline numbers, got ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Puts the headlines of some claims in place of those that the file has of them. */
export function recordHeadlines(
  fresh: readonly {
    readonly claim: string;
    readonly headlines: readonly Headline[];
    readonly provenance: object;
  }[],
  path = headlinesPath,
): void {
  const before: Headlines = existsSync(path) ? readHeadlines(path) : { headlines: [], provenance: {} };
  const names = fresh.map(({ claim }) => claim);
  const kept = before.headlines.filter(({ name }) => !names.some((claim) => name.startsWith(`${claim}: `)));
  const provenance = { ...before.provenance };
  for (const { claim, provenance: from } of fresh) provenance[claim] = { ...from };
  const headlines = [...kept, ...fresh.flatMap((one) => one.headlines)];
  writeFileAtomic(path, `${JSON.stringify({ headlines, provenance }, null, 1)}\n`);
}

export interface Comparison {
  readonly name: string;
  readonly recorded: Headline | undefined;
  readonly now: Headline | undefined;
  /** now − recorded; undefined when one is missing. */
  readonly difference: number | undefined;
  readonly found: boolean;
}

/**
 * Holds numbers against recorded ones. A number is found again when it lies within its recorded tolerance; one that is
 * missing on either side, or no number, or from other seeds or another profile, is not.
 */
export function compareHeadlines(
  recorded: readonly Headline[],
  now: readonly Headline[],
): readonly Comparison[] {
  const names = [...new Set([...recorded, ...now].map(({ name }) => name))];
  return names.map((name) => {
    const before = recorded.find((headline) => headline.name === name);
    const after = now.find((headline) => headline.name === name);
    const difference = before && after ? after.value - before.value : undefined;
    const alike =
      before?.profile === after?.profile && JSON.stringify(before?.seeds) === JSON.stringify(after?.seeds);
    // Written so that NaN is not found.
    const found = alike && difference !== undefined && Math.abs(difference) <= before!.tolerance;
    return { name, recorded: before, now: after, difference, found };
  });
}
