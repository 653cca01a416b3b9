/**
 * A single image patch is enough as the negative example: SimCLR whose only negative, for the whole training, is one
 * patch of one image, seen in k noisy views.
 *
 *     jessl reproduce single-patch --profile quick
 *
 * Paper: arXiv 2303.01986, abstract. Its set-up is not known to us and FFCV-SSL holds no code for it; all below is our
 * own. What gives the claim its meaning is the control with no negative at all, which has nothing to keep images apart.
 */
import { type Interval, interval, pairedInterval, sweepFigure } from "../../src/figure/index.js";
import { groupBy } from "../../src/support/group.js";
import { betterOfUntrained, percent, seedsOf, valuesBySeed } from "../support/numbers.js";
import type { Conclusion, ProfileName, Protocol, Row } from "../support/protocol.js";
import { bestByKnn, noiseViews, patchNegatives, standardViews } from "../support/recipes.js";
import { cifar10, type Stage, scenes } from "../support/stages.js";

interface Scale {
  readonly stage: Stage;
  readonly seeds: readonly number[];
  readonly sigmas: readonly number[];
  readonly temperatures: readonly number[];
  /** Views of the patch, beside the 64 of the main condition. */
  readonly copies: readonly number[];
  readonly sources: readonly string[];
}

const scales: Readonly<Record<ProfileName, Scale>> = {
  smoke: {
    stage: scenes({ train: 512, epochs: 1 }),
    seeds: [1],
    sigmas: [0.5],
    temperatures: [0.2],
    copies: [],
    sources: [],
  },
  quick: {
    stage: scenes({ train: 4000, epochs: 3 }),
    seeds: [1, 2, 3],
    sigmas: [0.25, 0.5],
    temperatures: [0.2, 0.5],
    copies: [1],
    sources: [],
  },
  full: {
    stage: cifar10({ epochs: 10 }),
    seeds: [1, 2, 3, 4, 5],
    sigmas: [0.25, 0.5, 1],
    temperatures: [0.1, 0.2, 0.5],
    copies: [1, 4, 16],
    sources: ["noise", "constant"],
  },
};

const scaleInWords: Readonly<Record<ProfileName, string>> = {
  smoke: "512 synthetic scenes, 1 epoch, 1 seed: shows that everything runs, and decides nothing.",
  quick:
    "4,000 synthetic scenes of 32 × 32 pixels, a ResNet-8 of width 16, 3 epochs, 3 seeds. The scenes were chosen for this profile because raw pixels and random features do badly on their shapes.",
  full: "CIFAR-10 (10,000 training images), 32 × 32 pixels, a ResNet-8 of width 16, 10 epochs, 5 seeds.",
};

const mainCopies = 64;

const names = {
  main: "noise only, one patch",
  none: "noise only, no negative",
  batch: "noise only, batch negatives",
  standardPatch: "standard, one patch",
  standardBatch: "standard, batch negatives",
} as const;

function configuration(
  stage: Stage,
  seed: number,
  views: object,
  negatives: object,
  temperature: number,
): object {
  return { ...stage, seed, views, method: { name: "simclr", temperature, negatives } };
}

function conclude(all: readonly Row[], profile: ProfileName): Conclusion {
  const mainTask = all[0]!.task;
  const rows = all.filter(({ task }) => task === mainTask);
  const byCondition = groupBy(
    rows.filter(({ condition }) => condition !== "tuning"),
    ({ condition }) => condition,
  );
  const main = byCondition.get(names.main)!;
  const seeds = seedsOf(main);
  const values = (condition: string): number[] => valuesBySeed(byCondition.get(condition)!, "knn", seeds);
  const untrained = betterOfUntrained(rows);
  const overUntrained = pairedInterval(
    values(names.main),
    seeds.map((seed) => untrained.get(seed)!.knn),
  );
  const overNone = pairedInterval(values(names.main), values(names.none));
  return {
    verdict: verdictOf(overUntrained, overNone),
    findings: [
      `One patch as the only negative, noise-only positives: ${percent(overUntrained)} points of kNN above the better untrained encoder of the same seed (rule: interval above 0).`,
      `The same against no negative at all: ${percent(overNone)} points (rule: interval above 0).`,
    ],
    table: {
      columns: ["condition", "kNN %", "linear %", "effective rank"],
      rows: [...byCondition].map(([condition, own]) => [
        condition,
        ...(["knn", "linear", "effectiveRank"] as const).map((metric) =>
          percent(interval(own.map((row) => row[metric]))),
        ),
      ]),
    },
    figures: figures(rows, profile),
  };
}

function verdictOf(overUntrained: Interval, overNone: Interval): Conclusion["verdict"] {
  if (overNone.count < 2) return "not decided";
  if (overNone.low <= 0) return "does not hold at this scale";
  return overUntrained.low > 0 ? "holds" : "holds in part";
}

function figures(rows: readonly Row[], profile: ProfileName): Conclusion["figures"] {
  const tuning = rows.filter(({ condition }) => condition === "tuning");
  return [
    {
      name: "sigma-sweep",
      figure: sweepFigure(
        tuning.map((row) => ({ x: Number(row.sigma), y: row.knn, series: `τ ${row.temperature}` })),
        {
          title: "One patch as the only negative: accuracy by noise and temperature",
          caption: `${scaleInWords[profile]} kNN on held-out training images, seed 0, ${mainCopies} views of the patch.`,
          xTitle: "σ, pixels in 0 … 1",
          yTitle: "kNN, % correct",
          xScale: "log",
        },
      ),
    },
  ];
}

export const singlePatch: Protocol = {
  name: "single-patch",
  claim: "A single image patch is enough as the negative example, even together with noise-only positives.",
  link: "https://arxiv.org/abs/2303.01986",
  rule: [
    "σ and τ are chosen for the single patch by kNN of the main task on held-out training images (seed 0). From the other",
    "seeds, noise-only SimCLR whose only negative is one patch is compared, in differences of kNN paired by seed, with the",
    "better untrained encoder and with the same training without any negative. The claim holds if both 95 % intervals are",
    "above zero; in part if only that against no negative is; else it does not hold at this scale. One seed decides nothing.",
  ].join(" "),
  scale: scaleInWords,
  async run(laboratory, profile) {
    const { stage, seeds, sigmas, temperatures, copies, sources } = scales[profile];
    const searched = sigmas.length * temperatures.length;
    laboratory.expect(searched + 1 + seeds.length * (8 + copies.length + sources.length));
    const patch = patchNegatives(mainCopies);
    const tuning: Row[] = [];
    for (const sigma of sigmas)
      for (const temperature of temperatures) {
        const config = configuration(stage, 0, noiseViews(sigma), patch, temperature);
        const factors = { sigma, temperature };
        const rows = await laboratory.train({
          condition: "tuning",
          config,
          factors,
          measureOn: "validation",
        });
        tuning.push(rows[0]!);
      }
    const { sigma, temperature } = bestByKnn(tuning) as Row & { sigma: number; temperature: number };
    const noise = noiseViews(sigma);
    await laboratory.rawPixels({ config: { ...stage, seed: seeds[0]! } });
    for (const seed of seeds) {
      const train = (condition: string, views: object, negatives: object, more = {}) =>
        laboratory.train({
          condition,
          config: configuration(stage, seed, views, negatives, temperature),
          factors: { sigma: views === noise ? sigma : 0, temperature, ...more },
        });
      await laboratory.untrained({ config: { ...stage, seed } });
      await laboratory.supervised({ config: { ...stage, seed, views: standardViews } });
      await train(names.main, noise, patch, { copies: mainCopies });
      await train(names.none, noise, { name: "none" });
      await train(names.batch, noise, { name: "batch" });
      await train(names.standardPatch, standardViews, patch, { copies: mainCopies });
      await train(names.standardBatch, standardViews, { name: "batch" });
      for (const k of copies) await train(`${names.main}, k ${k}`, noise, patchNegatives(k), { copies: k });
      for (const source of sources)
        await train(`noise only, patch of ${source}`, noise, patchNegatives(mainCopies, { source }));
    }
  },
  conclude,
};
