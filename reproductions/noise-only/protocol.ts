/**
 * Strong, slow augmentations are not required: Gaussian noise as the only difference between the two views of an image
 * can give useful representations.
 *
 *     jessl reproduce noise-only --profile quick
 *
 * Paper: arXiv 2303.01986, abstract. Its σ, tasks and accuracies for this claim are not known to us; the sweep of σ, the
 * tasks and the rule below are our own. σ is chosen on seed 0 by kNN of the main task on held-out training images.
 */
import { heatMap, interval, pairedInterval, sweepFigure } from "../../src/figure/index.js";
import { groupBy } from "../../src/support/group.js";
import { betterOfUntrained, meanOf, percent, seedsOf, valuesBySeed } from "../support/numbers.js";
import type { Conclusion, ProfileName, Protocol, Row } from "../support/protocol.js";
import { bestByKnn, noiseViews, standardViews } from "../support/recipes.js";
import { cifar10, type Stage, scenes } from "../support/stages.js";

interface Scale {
  readonly stages: readonly Stage[];
  readonly seeds: readonly number[];
  readonly sigmas: readonly number[];
}

const scales: Readonly<Record<ProfileName, Scale>> = {
  smoke: { stages: [scenes({ train: 512, epochs: 1 })], seeds: [1], sigmas: [0.25] },
  quick: { stages: [scenes({ train: 4000, epochs: 3 })], seeds: [1, 2, 3], sigmas: [0.1, 0.25, 0.5] },
  full: {
    stages: [cifar10({ epochs: 10 }), scenes({ train: 10_000, epochs: 10 })],
    seeds: [1, 2, 3, 4, 5],
    sigmas: [0.1, 0.25, 0.5, 1],
  },
};

const scaleInWords: Readonly<Record<ProfileName, string>> = {
  smoke: "512 synthetic scenes, 1 epoch, 1 seed: shows that everything runs, and decides nothing.",
  quick:
    "The paper trains ResNets on ImageNet; here: 4,000 synthetic scenes of 32 × 32 pixels, a ResNet-8 of width 16, 3 epochs, 3 seeds. The scenes were chosen for this profile because raw pixels and random features do badly on their shapes, which leaves room to see a gain in minutes.",
  full: "CIFAR-10 (10,000 training images) and 10,000 synthetic scenes, 32 × 32 pixels, a ResNet-8 of width 16, 10 epochs, 5 seeds.",
};

const conditions = ["noise only", "standard"];

/** Temperature of NT-Xent under noise: views are close, so similarities are told apart more sharply. */
const noiseTemperature = 0.1;

function noiseConfig(base: object, sigma: number): object {
  return {
    ...base,
    views: noiseViews(sigma),
    method: { name: "simclr", temperature: noiseTemperature },
  };
}

function conclude(rows: readonly Row[], profile: ProfileName): Conclusion {
  const measured = rows.filter(({ condition }) => condition !== "tuning");
  const stages = groupBy(measured, ({ dataset, task }) => `${dataset}: ${task}`);
  const mainTasks = [...groupBy(measured, ({ dataset }) => dataset).values()].map((own) => own[0]!);
  const gains = mainTasks.map(({ dataset, task }) => {
    const own = stages.get(`${dataset}: ${task}`)!;
    const untrained = betterOfUntrained(own);
    const noise = own.filter(({ condition }) => condition === "noise only");
    const seeds = seedsOf(noise);
    const gain = pairedInterval(
      valuesBySeed(noise, "knn", seeds),
      seeds.map((seed) => untrained.get(seed)!.knn),
    );
    return { name: `${dataset}: ${task}`, gain };
  });
  const clear = gains.filter(({ gain }) => gain.low > 0).length;
  const decided = gains.every(({ gain }) => gain.count > 1);
  return {
    verdict: !decided
      ? "not decided"
      : clear === gains.length
        ? "holds"
        : clear > 0
          ? "holds in part"
          : "does not hold at this scale",
    findings: gains.map(
      ({ name, gain }) =>
        `${name}: noise-only is ${percent(gain)} points of kNN above the better untrained encoder of the same seed (rule: interval above 0).`,
    ),
    table: table(stages),
    figures: figures(rows, stages, profile),
  };
}

const listed = [...conditions, "untrained", "untrained, statistics of the data", "raw pixels", "supervised"];

function table(stages: ReadonlyMap<string, readonly Row[]>): Conclusion["table"] {
  return {
    columns: ["task", "condition", "σ", "kNN %", "linear %"],
    rows: [...stages].flatMap(([name, own]) =>
      listed
        .map((condition) => own.filter((row) => row.condition === condition))
        .filter((matching) => matching.length > 0)
        .map((matching) => [
          name,
          matching[0]!.condition,
          String(matching[0]!.sigma ?? ""),
          percent(interval(matching.map(({ knn }) => knn))),
          percent(interval(matching.map(({ linear }) => linear))),
        ]),
    ),
  };
}

function figures(
  rows: readonly Row[],
  stages: ReadonlyMap<string, readonly Row[]>,
  profile: ProfileName,
): Conclusion["figures"] {
  const cells = [...stages].flatMap(([name, own]) =>
    listed
      .map((condition) => ({ condition, matching: own.filter((row) => row.condition === condition) }))
      .filter(({ matching }) => matching.length > 0)
      .map(({ condition, matching }) => ({ x: condition, y: name, value: meanOf(matching, "knn") })),
  );
  return [
    {
      name: "task-by-recipe",
      figure: heatMap(cells, {
        title: "What each recipe keeps, task by task",
        caption: `${scaleInWords[profile]} kNN on test images, mean over seeds; colours compare the recipes within a task.`,
        xTitle: "recipe",
        yTitle: "task",
        valueTitle: "kNN, %",
        normalise: "y",
        cellWidth: 118,
      }),
    },
    {
      name: "sigma-sweep",
      figure: sweepFigure(
        rows
          .filter(({ condition }) => condition === "tuning")
          .map((row) => ({ x: Number(row.sigma), y: row.knn, series: `${row.dataset}: ${row.task}` })),
        {
          title: "Accuracy against the strength of the noise",
          caption: `${scaleInWords[profile]} kNN on held-out training images, seed 0.`,
          xTitle: "σ, pixels in 0 … 1",
          yTitle: "kNN, % correct",
          xScale: "log",
        },
      ),
    },
  ];
}

export const noiseOnly: Protocol = {
  name: "noise-only",
  claim:
    "Strong augmentations are not required: Gaussian noise as the only augmentation of the positive pair gives useful representations.",
  link: "https://arxiv.org/abs/2303.01986",
  rule: [
    "On each data set σ is chosen by kNN of the main task on held-out training images (seed 0), and trained anew from the",
    "other seeds. The claim holds if on the main task of every data set (class, or shape of the scenes) the kNN accuracy of",
    "noise-only SimCLR is above that of the better untrained encoder, in differences paired by seed, with a 95 % interval",
    "clear of zero; in part if on some of them; else it does not hold at this scale. One seed decides nothing.",
  ].join(" "),
  scale: scaleInWords,
  async run(laboratory, profile) {
    const { stages, seeds, sigmas } = scales[profile];
    laboratory.expect(stages.length * (sigmas.length + 1 + 5 * seeds.length));
    for (const stage of stages) {
      const base = (seed: number) => ({ ...stage, seed });
      await laboratory.rawPixels({ config: base(seeds[0]!) });
      const tuning: Row[] = [];
      for (const sigma of sigmas) {
        const config = noiseConfig(base(0), sigma);
        const request = { condition: "tuning", config, factors: { sigma }, measureOn: "validation" } as const;
        tuning.push((await laboratory.train(request))[0]!);
      }
      const sigma = Number(bestByKnn(tuning).sigma);
      for (const seed of seeds) {
        await laboratory.untrained({ config: base(seed) });
        await laboratory.supervised({ config: { ...base(seed), views: standardViews } });
        await laboratory.train({
          condition: "noise only",
          config: noiseConfig(base(seed), sigma),
          factors: { sigma },
        });
        await laboratory.train({ condition: "standard", config: { ...base(seed), views: standardViews } });
      }
    }
  },
  conclude,
};
