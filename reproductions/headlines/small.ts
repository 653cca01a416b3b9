/**
 * Headline numbers that cost seconds, for CI: SimCLR with standard views and with noise alone, from a thousand images.
 * They decide no claim; they tell whether loss, augmentations, optimiser and probes still do what they did.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interval, pairedInterval } from "../../src/figure/index.js";
import { parseConfig } from "../../src/train/config/parse.js";
import { createDataset } from "../../src/train/dataset.js";
import { untrainedEncoder } from "../../src/train/encoder.js";
import { trainEncoder } from "../../src/train/train.js";
import { type Accuracy, measure, splitsOf } from "../support/measure.js";
import type { KeyNumber, Tolerance } from "../support/protocol.js";
import { madeNow } from "../support/provenance.js";
import { noiseViews } from "../support/recipes.js";
import { type Headline, headlinesOf } from "./headlines.js";

/** The name under which they stand in headlines.json. */
export const smallClaim = "small";
export const smallSeeds: readonly number[] = [1, 2];

const base = {
  encoder: { name: "convnet", widths: [8, 16, 32] },
  projector: "64-32",
  batch: 32,
  epochs: 2,
  optimiser: { name: "adamw", lr: 3e-3 },
  method: { name: "simclr", temperature: 0.2 },
  data: { train: 1000 },
  tensorboard: false,
};

export const recipes = {
  standard: { ...base, views: { preset: "standard" } },
  noise: { ...base, views: noiseViews(0.5) },
} as const;

export type Recipe = keyof typeof recipes;

/** Steps at the end whose mean is the loss. */
const lastSteps = 20;

interface Trained extends Accuracy {
  readonly loss: number;
  readonly untrained: Accuracy;
}

/** @param changes of the configuration, as a user would make them */
async function train(recipe: Recipe, seed: number, changes: object, runs: string): Promise<Trained> {
  const config = parseConfig({ ...recipes[recipe], seed, name: `${recipe}-${seed}`, ...changes });
  const splits = await splitsOf(config);
  const before = await measure(await untrainedEncoder(config, await createDataset(config, "train")), splits);
  const { encoder, metrics } = await trainEncoder(config, { runs });
  const after = await measure(encoder, splits);
  const last = metrics.slice(-lastSteps);
  const loss = last.reduce((sum, line) => sum + Number(line.loss), 0) / last.length;
  return { ...after.tasks.class!, loss, untrained: before.tasks.class! };
}

/**
 * By kind of number. 1, 2, 3 and 4 threads give the same bits. Another width of vectors does not: it rounds otherwise,
 * which a learning rate that is changed by a millionth imitates. Four such changes, ± 1e-6 and ± 2e-6, moved the losses by
 * up to 0.002, and the gains by up to 0.28 points.
 */
const tolerances: Readonly<Record<"loss" | "accuracy", Tolerance>> = {
  loss: {
    within: 0.01,
    because: "5 times what a learning rate changed by a millionth, as rounding changes it, moved it (0.002)",
  },
  accuracy: {
    within: 1,
    because:
      "3 to 4 times what a learning rate changed by a millionth, as rounding changes it, moved it (0.28 points)",
  },
};

/** The numbers of a recipe. */
export async function smallNumbers(recipe: Recipe, changes: object = {}): Promise<KeyNumber[]> {
  const runs = mkdtempSync(join(tmpdir(), "jessl-headlines-"));
  try {
    const results: Trained[] = [];
    for (const seed of smallSeeds) results.push(await train(recipe, seed, changes, runs));
    const gain = (metric: keyof Accuracy) =>
      pairedInterval(
        results.map((result) => result[metric]),
        results.map(({ untrained }) => untrained[metric]),
      );
    const what = recipe === "standard" ? "SimCLR" : "noise-only SimCLR";
    return [
      {
        name: `${recipe}, loss`,
        what: `${what}: mean loss of the last ${lastSteps} steps`,
        value: interval(results.map(({ loss }) => loss)),
        tolerance: tolerances.loss,
      },
      {
        name: `${recipe}, linear`,
        what: `${what}: points of linear probe above the untrained encoder`,
        value: gain("linear"),
        tolerance: tolerances.accuracy,
      },
      {
        name: `${recipe}, kNN`,
        what: `${what}: points of kNN above the untrained encoder`,
        value: gain("knn"),
        tolerance: tolerances.accuracy,
      },
    ];
  } finally {
    rmSync(runs, { recursive: true, force: true });
  }
}

/** The headlines of a recipe. */
export async function smallHeadlines(recipe: Recipe, changes: object = {}): Promise<Headline[]> {
  return headlinesOf(smallClaim, await smallNumbers(recipe, changes), {
    profile: "small",
    seeds: [...smallSeeds],
  });
}

/** Where the small numbers come from. */
export function provenanceOfSmall(seconds: number): object {
  return { ...madeNow(), profile: "small", seconds: Math.round(seconds) };
}
