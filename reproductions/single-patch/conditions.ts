/** What single-patch trains from every seed: the claim's own condition, what it is held against, and variations of it. */
import { noiseViews, patchNegatives, standardViews } from "../support/recipes.js";

export const names = {
  main: "noise only, one patch",
  none: "noise only, no negative",
  batch: "noise only, batch negatives",
  standardPatch: "standard, one patch",
  standardBatch: "standard, batch negatives",
  mainProjected: "noise only, one patch, projector",
  noneProjected: "noise only, no negative, projector",
} as const;

/** Views of the patch in a step. */
export const mainCopies = 64;

/** Temperature of noise-only SimCLR with the batch as negatives. */
const batchTemperature = 0.1;

/** The projector of the two conditions that have one. */
const someProjector = "128-64";

export interface Condition {
  readonly condition: string;
  /** What it changes in the stage. */
  readonly config: object;
  /** What stands in its rows. */
  readonly factors: Readonly<Record<string, string | number>>;
}

export interface Variations {
  /** Views of the patch, beside the main condition's. */
  readonly copies: readonly number[];
  /** What the patch is of, beside an image of the data. */
  readonly sources: readonly string[];
}

/** All conditions with the σ and the τ that were chosen for the patch. */
export function conditionsOf(
  { sigma, temperature }: { readonly sigma: number; readonly temperature: number },
  { copies, sources }: Variations,
): Condition[] {
  const noise = noiseViews(sigma);
  const chosen = { sigma, temperature };
  const simclr = (negatives: object) => ({ method: { name: "simclr", temperature, negatives } });
  const patch = (k: number, more: object = {}) => simclr(patchNegatives(k, more));
  const none = simclr({ name: "none" });
  const projector = someProjector;
  const main = { config: { views: noise, ...patch(mainCopies) }, factors: { ...chosen, copies: mainCopies } };
  const without = { config: { views: noise, ...none }, factors: chosen };
  return [
    { condition: names.main, ...main },
    { condition: names.none, ...without },
    {
      condition: names.batch,
      config: { views: noise, method: { name: "simclr", temperature: batchTemperature } },
      factors: { sigma, temperature: batchTemperature },
    },
    {
      condition: names.mainProjected,
      config: { ...main.config, projector },
      factors: { ...main.factors, projector },
    },
    {
      condition: names.noneProjected,
      config: { ...without.config, projector },
      factors: { ...chosen, projector },
    },
    {
      condition: names.standardPatch,
      config: { views: standardViews, ...patch(mainCopies) },
      factors: { temperature, copies: mainCopies },
    },
    {
      condition: names.standardBatch,
      config: { views: standardViews, method: { name: "simclr" }, projector },
      factors: { projector },
    },
    ...copies.map((k) => ({
      condition: `${names.main}, k ${k}`,
      config: { views: noise, ...patch(k) },
      factors: { ...chosen, copies: k },
    })),
    ...sources.map((source) => ({
      condition: `noise only, patch of ${source}`,
      config: { views: noise, ...patch(mainCopies, { source }) },
      factors: { ...chosen, copies: mainCopies, source },
    })),
  ];
}
