/** Summaries of rows that several protocols want. */
import { formatInterval, type Interval, interval } from "../../src/figure/index.js";
import { groupBy } from "../../src/support/group.js";
import type { Row } from "./protocol.js";

export type Metric = "knn" | "linear";

/** The conditions under which an encoder is measured before it has learned anything. */
export const untrainedConditions: readonly string[] = ["untrained", "untrained, statistics of the data"];

export function meanOf(rows: readonly Pick<Row, Metric>[], metric: Metric): number {
  return rows.reduce((sum, row) => sum + row[metric], 0) / rows.length;
}

/**
 * The untrained encoder of each seed: for each metric the better of its two forms, with initial batch-norm statistics
 * and with those of the data, since one never knows which of them is the fair one.
 */
export function betterOfUntrained(rows: readonly Row[]): Map<number, Readonly<Record<Metric, number>>> {
  const bySeed = groupBy(
    rows.filter(({ condition }) => untrainedConditions.includes(condition)),
    ({ seed }) => seed,
  );
  return new Map(
    [...bySeed].map(([seed, both]) => [
      seed,
      { knn: Math.max(...both.map(({ knn }) => knn)), linear: Math.max(...both.map(({ linear }) => linear)) },
    ]),
  );
}

/** `83.2 ± 0.4`. */
export function percent(value: Interval): string {
  return formatInterval(value, 1);
}

/** The seeds of rows, each once, in order. */
export function seedsOf(rows: readonly { readonly seed: number }[]): number[] {
  return [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b);
}

/** The differences a − b of the seeds that both have. */
export function pairedBySeed(a: readonly Row[], b: readonly Row[], metric: Metric): Interval {
  const other = new Map(b.map((row) => [row.seed, row[metric]]));
  return pairedWith(a, metric, (seed) => other.get(seed));
}

/** How far rows lie above the better untrained encoder of the same seed. */
export function overUntrained(
  rows: readonly Row[],
  metric: Metric,
  untrained: ReturnType<typeof betterOfUntrained>,
): Interval {
  return pairedWith(rows, metric, (seed) => untrained.get(seed)?.[metric]);
}

function pairedWith(
  rows: readonly Row[],
  metric: Metric,
  control: (seed: number) => number | undefined,
): Interval {
  const ordered = [...rows].sort((a, b) => a.seed - b.seed);
  return interval(
    ordered.flatMap((row) => {
      const other = control(row.seed);
      return other === undefined ? [] : [row[metric] - other];
    }),
  );
}

/** What a rule asks of a gain, in words: an interval above zero, and a least mean where there is one. */
export function ruleFor(least: number): string {
  return least > 0 ? `at least ${least}, interval above 0` : "interval above 0";
}

/** Cells of a table: kNN, linear probe and effective rank of the rows of one condition; no rank of 0, which was not measured. */
export function accuracyCells(rows: readonly Row[]): string[] {
  return (["knn", "linear", "effectiveRank"] as const).map((name) =>
    name === "effectiveRank" && rows.every((row) => row[name] === 0)
      ? ""
      : percent(interval(rows.map((row) => row[name]))),
  );
}
