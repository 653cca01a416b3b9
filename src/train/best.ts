/**
 * The best checkpoint of a run by a metric. Which one it is follows from metrics.jsonl and the configuration alone, so a
 * run that was interrupted keeps the same one; best.json beside the checkpoints only says which.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { DataError } from "../support/errors.js";
import type { Metrics } from "./run-folder.js";

export interface Best {
  readonly step: number;
  readonly metric: string;
  /** The metric's mean over the steps since the checkpoint before. */
  readonly value: number;
}

/**
 * The best of the checkpoints after every `every` steps, or undefined when none has the metric yet.
 * @param bestIs whether the greatest or the least value is best; of equal ones the earliest is
 */
export function bestStep(
  lines: readonly Metrics[],
  every: number,
  metric: string,
  bestIs: "max" | "min",
): Best | undefined {
  const values = new Map<number, number[]>();
  for (const line of lines) {
    const value = line[metric];
    if (value === undefined) continue;
    const step = Math.ceil(line.step / every) * every;
    const list = values.get(step);
    if (list) list.push(value);
    else values.set(step, [value]);
  }
  const last = lines.at(-1)?.step ?? 0;
  let best: Best | undefined;
  for (const [step, list] of values) {
    if (step > last) continue;
    const value = list.reduce((sum, each) => sum + each, 0) / list.length;
    if (!best || (bestIs === "max" ? value > best.value : value < best.value)) best = { step, metric, value };
  }
  return best;
}

/** Says in the checkpoints' folder which is the best. */
export function writeBest(folder: string, best: Best): void {
  writeFileAtomic(join(folder, "best.json"), `${JSON.stringify(best)}\n`);
}

/** The step of the best checkpoint. @throws DataError when the run keeps none */
export function readBest(folder: string): Best {
  const path = join(folder, "best.json");
  if (!existsSync(path))
    throw new DataError(
      `checkpoints ${folder}: expected a best one, which checkpoint.best asks for; got none`,
    );
  return JSON.parse(readFileSync(path, "utf8")) as Best;
}
