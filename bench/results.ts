/**
 * What the bench found: one row for each work, device, peer and processor, in results.json. A new measurement replaces
 * the row of the same four; rows of other machines stay.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../src/support/atomic.js";
import { DataError } from "../src/support/errors.js";
import { packageRoot } from "../src/support/package.js";

const rowSchema = z.strictObject({
  work: z.string(),
  device: z.string(),
  /** Milliseconds of a step, the median over rounds. */
  ours_ms: z.number().positive(),
  peer: z.string(),
  peer_version: z.string(),
  peer_ms: z.number().positive(),
  /** Median over alternating rounds of peer time over ours: above 1 we are faster. */
  ratio: z.number().positive(),
  /** Our billions of operations a second. */
  gflops: z.number(),
  /** Those of a product of 2048 × 2048 matrices in the same run. */
  gemm_gflops: z.number(),
  /** Largest resident memory of our process and of the peer's, MiB. */
  peak_mb: z.number(),
  peer_peak_mb: z.number(),
  /** The same before the first step: the process with its libraries and the network's weights. */
  idle_mb: z.number(),
  peer_idle_mb: z.number(),
  /** ISO 8601, UTC. */
  date: z.string(),
  cpu: z.string(),
  threads: z.int(),
  rounds: z.int(),
  /** Our versions. */
  version: z.string(),
  /** Milliseconds of our first step: tracing, compiling, running. */
  first_ms: z.number(),
  peer_first_ms: z.number(),
});

export type Row = z.infer<typeof rowSchema>;

export const resultsPath = join(packageRoot, "bench/results.json");

/** The rows of a file; none when there is no file. @throws DataError when it holds something else */
export function readResults(path = resultsPath): Row[] {
  if (!existsSync(path)) return [];
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new DataError(`file ${path}: expected JSON, got ${(error as Error).message}`, { cause: error });
  }
  const rows = z.array(rowSchema).safeParse(raw);
  if (rows.success) return rows.data;
  throw new DataError(`file ${path}: expected rows of the bench, got ${z.prettifyError(rows.error)}`);
}

const placeOf = ({ work, device, peer, cpu }: Row): unknown[] => [work, device, peer, cpu];

/**
 * Old rows with new ones in the places of those that they replace, the others at the end.
 * @param place what tells rows apart
 */
export function mergeBy<R>(old: readonly R[], fresh: readonly R[], place: (row: R) => unknown[]): R[] {
  return [...new Map([...old, ...fresh].map((row) => [JSON.stringify(place(row)), row])).values()];
}

/** Old rows of results.json with new ones. */
export function mergeRows(old: readonly Row[], fresh: readonly Row[]): Row[] {
  return mergeBy(old, fresh, placeOf);
}

/** Writes rows to a file, one a line, so that a change of one is a change of one line. */
export function writeRows(path: string, rows: readonly object[]): void {
  writeFileAtomic(path, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`);
}

/** Merges rows into a file. */
export function saveRows(fresh: readonly Row[], path = resultsPath): void {
  writeRows(path, mergeRows(readResults(path), fresh));
}

/** The middle of a list; of the two middle ones the mean. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
