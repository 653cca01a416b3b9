/** What single-patch trains from every seed: the claim's own condition, what it is held against, and variations of it. */
import { join } from "node:path";
import { packageRoot } from "../../src/support/package.js";
import { noiseViews, patchNegatives, standardViews } from "../support/recipes.js";

export const names = {
  main: "noise only, one patch",
  none: "noise only, no negative",
  batch: "noise only, batch negatives",
  standardPatch: "standard, one patch",
  standardBatch: "standard, batch negatives",
  mainBare: "noise only, one patch, no projector",
  noneBare: "noise only, no negative, no projector",
} as const;

/** Views of the patch in a step. */
export const mainCopies = 64;

/** Temperature of noise-only SimCLR with the batch as negatives. */
const batchTemperature = 0.1;

export interface Condition {
  readonly condition: string;
  /** What it changes in the stage. */
  readonly config: object;
  /** What stands in its rows. */
  readonly factors: Readonly<Record<string, string | number>>;
}

/** Where a patch comes from that is not one of the data's images. */
const patches = {
  noise: { source: "noise" },
  constant: { source: "constant" },
  /** A third of a photograph that no data set here holds, made as small as the data's images. */
  photograph: {
    source: "photograph",
    photograph: join(packageRoot, "data", "photograph", "coffee.png"),
    side: 64,
  },
} as const;

export interface Variations {
  /** Views of the patch, beside the main condition's. */
  readonly copies: readonly number[];
  /** What the patch is of, beside an image of the data. */
  readonly sources: readonly (keyof typeof patches)[];
  /** Whether the conditions without a projector and those with standard positives are trained too. */
  readonly beside: boolean;
}

interface Choice {
  readonly sigma: number;
  readonly temperature: number;
}

const simclr = (temperature: number, negatives: object) => ({
  method: { name: "simclr", temperature, negatives },
});

function onePatch(condition: string, choice: Choice, k: number, more: object = {}): Condition {
  const { sigma, temperature } = choice;
  return {
    condition,
    config: { views: noiseViews(sigma), ...simclr(temperature, patchNegatives(k, more)) },
    factors: { sigma, temperature, copies: k },
  };
}

function standardPatch(condition: string, { temperature }: Choice, k: number): Condition {
  return {
    condition,
    config: { views: standardViews, ...simclr(temperature, patchNegatives(k)) },
    factors: { temperature, copies: k },
  };
}

function noNegative(condition: string, { sigma, temperature }: Choice): Condition {
  return {
    condition,
    config: { views: noiseViews(sigma), ...simclr(temperature, { name: "none" }) },
    factors: { sigma, temperature },
  };
}

/** The claim's condition, the control that gives it its meaning, and the usual negatives, with the chosen σ and τ. */
export function mainConditions(choice: Choice): Condition[] {
  const { sigma } = choice;
  const temperature = batchTemperature;
  return [
    onePatch(names.main, choice, mainCopies),
    noNegative(names.none, choice),
    {
      condition: names.batch,
      config: { views: noiseViews(sigma), method: { name: "simclr", temperature } },
      factors: { sigma, temperature },
    },
  ];
}

function withProjector({ condition, config, factors }: Condition, projector: string): Condition {
  return { condition, config: { ...config, projector }, factors: { ...factors, projector } };
}

/** Other numbers of views, other patches, other projectors, other positives. */
export function variationsOf(choice: Choice, { copies, sources, beside }: Variations): Condition[] {
  const others: Condition[] = [
    withProjector(onePatch(names.mainBare, choice, mainCopies), ""),
    withProjector(noNegative(names.noneBare, choice), ""),
    standardPatch(names.standardPatch, choice, mainCopies),
    {
      condition: names.standardBatch,
      config: { views: standardViews, method: { name: "simclr" } },
      factors: {},
    },
  ];
  return [
    ...copies.map((k) => onePatch(`${names.main}, k ${k}`, choice, k)),
    ...sources.map((source) =>
      onePatch(`noise only, patch of ${source}`, choice, mainCopies, patches[source]),
    ),
    ...(beside ? others : []),
    ...(beside ? copies : []).map((k) => standardPatch(`${names.standardPatch}, k ${k}`, choice, k)),
  ];
}
