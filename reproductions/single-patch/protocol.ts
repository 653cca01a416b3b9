/**
 * A single image patch is enough as the negative example: SimCLR whose only negative, for the whole training, is one
 * patch of one image, seen in k noisy views.
 *
 *     jessl reproduce single-patch --profile quick
 *
 * Paper: arXiv 2303.01986, abstract. Its set-up is not known to us and FFCV-SSL holds no code for it; all below is our
 * own. What gives the claim its meaning is the control with no negative at all, which has nothing to keep images apart.
 */
import type { Interval } from "../../src/figure/index.js";
import type { Course } from "../support/course.js";
import type { Laboratory } from "../support/laboratory.js";
import {
  betterOfUntrained,
  type Metric,
  overUntrained,
  pairedBySeed,
  percent,
  ruleFor,
} from "../support/numbers.js";
import { type PaperRun, paperConfig, paperNoise, paperTemperature } from "../support/paper.js";
import type { Conclusion, ProfileName, Protocol, Row } from "../support/protocol.js";
import { bestBy, noiseViews, patchNegatives, standardViews } from "../support/recipes.js";
import { cifar10, fashion, isOnCifar, narrowVgg, type Stage } from "../support/stages.js";
import { ofDifference } from "../support/tolerance.js";
import {
  type Condition,
  mainConditions,
  mainCopies,
  names,
  type Variations,
  variationsOf,
} from "./conditions.js";
import { drawing } from "./drawing.js";

interface Scale {
  readonly stage: Stage;
  readonly seeds: readonly number[];
  readonly sigmas: readonly number[];
  readonly temperatures: readonly number[];
  /** What is trained beside the claim's condition and its controls, from some seeds, when all else is done. */
  readonly variations: Variations & { readonly seeds: readonly number[] };
}

/**
 * The narrow VGG without a projector: the loss is taken of the representation itself. Batch norm in a projector keeps
 * images apart even without any negative, and so hides what the negative does to this encoder.
 */
const withoutProjector = { encoder: narrowVgg, projector: "" };

const scales: Readonly<Record<ProfileName, Scale>> = {
  smoke: {
    stage: fashion({ train: 512, epochs: 1, ...withoutProjector }),
    seeds: [1],
    sigmas: [1],
    temperatures: [0.1],
    variations: { seeds: [], copies: [], sources: [], beside: false },
  },
  quick: {
    stage: fashion({ train: 6000, epochs: 3, ...withoutProjector }),
    seeds: [1, 2, 3],
    sigmas: [0.5, 1],
    temperatures: [0.1],
    variations: { seeds: [], copies: [], sources: [], beside: false },
  },
  full: {
    stage: cifar10({ train: 10_000, epochs: 8 }),
    seeds: [1, 2, 3, 4, 5],
    sigmas: [0.5, 1],
    temperatures: [0.2],
    variations: {
      seeds: [1],
      copies: [1, 4, 16],
      sources: ["noise", "constant", "photograph"],
      beside: true,
    },
  },
};

const scaleInWords: Readonly<Record<ProfileName, string>> = {
  smoke: "512 images of Fashion-MNIST, 1 epoch, 1 seed: shows that everything runs, and decides nothing.",
  quick:
    "6,000 images of Fashion-MNIST (embedded subset), 28 × 28, a VGG-11 of width 8 without a projector, 3 epochs, 3 seeds. Data set, encoder, projector and learning rate were chosen by search on held-out training images, so that the effect shows in minutes.",
  full: "10,000 training images of CIFAR-10, 32 × 32, a ConvNet of 8-16-32-64-64 channels with a projector 128-64, 8 epochs, 5 seeds; variations of the patch, 1 seed. Encoder, learning rate and epochs were chosen by search on held-out training images.",
};

/** What is asked of the gains on CIFAR-10, beside intervals above zero: points over each control. */
const leastOnCifar = { untrained: 4, none: 4, noneLinear: 3 };

interface Gains {
  readonly untrained: Interval;
  readonly none: Interval;
  readonly noneLinear: Interval;
  readonly least: typeof leastOnCifar;
}

function gainsOf(rows: readonly Row[]): Gains {
  const of = (condition: string): Row[] => rows.filter((row) => row.condition === condition);
  const main = of(names.main);
  const overNone = (metric: Metric): Interval => pairedBySeed(main, of(names.none), metric);
  return {
    untrained: overUntrained(main, "knn", betterOfUntrained(rows)),
    none: overNone("knn"),
    noneLinear: overNone("linear"),
    least: isOnCifar(rows[0]!) ? leastOnCifar : { untrained: 0, none: 0, noneLinear: 0 },
  };
}

function verdictOf({ untrained, none, noneLinear, least }: Gains): Conclusion["verdict"] {
  if (none.count < 2 || untrained.count < 2) return "not decided";
  if (none.low <= 0) return "does not hold at this scale";
  const reached =
    untrained.low > 0 &&
    noneLinear.low > 0 &&
    untrained.mean >= least.untrained &&
    none.mean >= least.none &&
    noneLinear.mean >= least.noneLinear;
  return reached ? "holds" : "holds in part";
}

function conclude(all: readonly Row[], profile: ProfileName, courses: readonly Course[] = []) {
  const mainTask = all[0]!.task;
  const rows = all.filter(({ task }) => task === mainTask);
  const gains = gainsOf(rows);
  const { untrained, none, noneLinear, least } = gains;
  return {
    verdict: verdictOf(gains),
    numbers: [
      {
        name: "over untrained, kNN",
        what: "points of kNN above the better untrained encoder",
        value: untrained,
        tolerance: ofDifference(untrained, 1),
      },
      {
        name: "over no negative, kNN",
        what: "points of kNN above training with no negative at all",
        value: none,
        tolerance: ofDifference(none, 2),
      },
      {
        name: "over no negative, linear probe",
        what: "points of linear probe above training with no negative at all",
        value: noneLinear,
        tolerance: ofDifference(noneLinear, 2),
      },
    ],
    findings: [
      `One patch as the only negative, noise-only positives: ${percent(untrained)} points of kNN above the better untrained encoder of the same seed (rule: ${ruleFor(least.untrained)}).`,
      `The same against no negative at all: ${percent(none)} points of kNN (rule: ${ruleFor(least.none)}) and ${percent(noneLinear)} points of linear probe (rule: ${ruleFor(least.noneLinear)}).`,
    ],
    ...drawing(rows, courses, scaleInWords[profile]),
  };
}

/** σ and τ of the patch, chosen on seed 0. */
async function tune(laboratory: Laboratory, { stage, sigmas, temperatures }: Scale) {
  const tuning: Row[] = [];
  for (const sigma of sigmas)
    for (const temperature of temperatures) {
      const method = { name: "simclr", temperature, negatives: patchNegatives(mainCopies) };
      const rows = await laboratory.train({
        condition: "tuning",
        config: { ...stage, seed: 0, views: noiseViews(sigma), method },
        factors: { sigma, temperature },
        measureOn: "validation",
      });
      tuning.push(...rows.slice(0, 1));
    }
  const best = bestBy("knn", tuning) ?? { sigma: sigmas[0], temperature: temperatures[0] };
  return { sigma: Number(best.sigma), temperature: Number(best.temperature) };
}

async function run(laboratory: Laboratory, profile: ProfileName): Promise<void> {
  const scale = scales[profile];
  const { stage, seeds, variations } = scale;
  const searched = scale.sigmas.length * scale.temperatures.length;
  const anyChoice = { sigma: 1, temperature: 1 };
  laboratory.expect(
    searched +
      1 +
      seeds.length * (mainConditions(anyChoice).length + 3) +
      variations.seeds.length * variationsOf(anyChoice, variations).length,
  );
  const chosen = await tune(laboratory, scale);
  const train = async (conditions: readonly Condition[], seed: number): Promise<void> => {
    for (const { condition, config, factors } of conditions)
      await laboratory.train({
        condition,
        config: { ...stage, ...config, seed },
        factors,
        course: seed === seeds[0],
        beside: condition !== names.main && condition !== names.none,
      });
  };
  const beside = true;
  await laboratory.rawPixels({ config: { ...stage, seed: seeds[0]! }, beside });
  for (const seed of seeds) {
    await laboratory.untrained({ config: { ...stage, seed } });
    await train(mainConditions(chosen), seed);
    await laboratory.supervised({ config: { ...stage, seed, views: standardViews }, beside });
  }
  for (const seed of variations.seeds) await train(variationsOf(chosen, variations), seed);
}

/** A photograph of your own, of which a square of 224 pixels is the patch. */
const paperPatch = patchNegatives(256, { source: "photograph", photograph: "patch.jpg", side: 224 });

const paperNoiseOnly = paperNoise(0.5);

const paper: readonly PaperRun[] = [
  { name: names.main, more: paperNoiseOnly, negatives: paperPatch },
  { name: names.none, more: paperNoiseOnly, negatives: { name: "none" } },
  { name: names.batch, more: paperNoiseOnly, negatives: { name: "batch" } },
  { name: names.standardPatch, more: {}, negatives: paperPatch },
  { name: names.standardBatch, more: {}, negatives: { name: "batch" } },
].map(({ name, more, negatives }) => ({
  name: name.replaceAll(/\W+/g, "-"),
  config: paperConfig(256, { ...more, method: { name: "simclr", temperature: paperTemperature, negatives } }),
}));

export const singlePatch: Protocol = {
  name: "single-patch",
  claim: "A single image patch is enough as the negative example, even together with noise-only positives.",
  link: "https://arxiv.org/abs/2303.01986",
  rule: [
    "σ and τ are chosen for the single patch by kNN of the main task on held-out training images (seed 0). From the other",
    "seeds, noise-only SimCLR whose only negative is one patch is compared, in differences paired by seed, with the better",
    "untrained encoder (kNN) and with the same training without any negative (kNN and linear). The claim holds if all three",
    `95 % intervals are above zero, and on CIFAR-10 the means are at least ${leastOnCifar.untrained}, ${leastOnCifar.none} and ${leastOnCifar.noneLinear} points as well; in part if`,
    "only that of kNN against no negative is above zero for sure; else it does not hold at this scale. One seed decides",
    "nothing.",
  ].join(" "),
  scale: scaleInWords,
  paper,
  run,
  conclude,
};
