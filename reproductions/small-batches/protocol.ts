/**
 * SimCLR does not need very large mini-batches: with a learning rate tuned for each batch size, small ones do as well.
 *
 *     jessl reproduce small-batches --profile quick
 *
 * Paper: arXiv 2303.01986, abstract; its batch sizes and accuracies for this claim are not known to us, so the sizes,
 * the grid of learning rates and the rule below are our own. The learning rate is tuned on seed 0 alone, by a probe on
 * training images that its training half left out; the seeds that count are others, and are measured on test images.
 */
import { type Interval, interval, sweepFigure } from "../../src/figure/index.js";
import { groupBy } from "../../src/support/group.js";
import { heatMapOfTuning } from "../support/figures.js";
import { betterOfUntrained, meanOf, overUntrained, pairedBySeed, percent } from "../support/numbers.js";
import { type PaperRun, paperConfig } from "../support/paper.js";
import type { Conclusion, ProfileName, Protocol, Row } from "../support/protocol.js";
import { bestBy } from "../support/recipes.js";
import { cifar10, sayingCopy } from "../support/stages.js";
import { ofDifference } from "../support/tolerance.js";

interface Scale {
  readonly batches: readonly number[];
  readonly seeds: readonly number[];
  readonly rates: readonly number[];
  readonly config: { readonly epochs: number; readonly data?: { readonly train: number } };
  /** Seeds from which these sizes are trained with as many steps as the smallest of them takes in an epoch; none when left out. */
  readonly equalSteps?: { readonly seeds: readonly number[]; readonly batches: readonly number[] };
}

/** The learning rate of the fixed recipe. */
const fixedRate = 3e-3;

/** The stage of `full`. */
const cifar = { ...cifar10({ epochs: 4 }), epochs: 4, data: { name: "cifar10", train: 10_000 } };

const scales: Readonly<Record<ProfileName, Scale>> = {
  smoke: {
    batches: [16, 128],
    seeds: [1],
    rates: [3e-3, 9e-3],
    config: { epochs: 1, data: { train: 512 } },
  },
  quick: {
    batches: [16, 64, 256, 512],
    seeds: [1, 2, 3],
    rates: [1e-3, 3e-3, 9e-3],
    config: { epochs: 2, data: { train: 5000 } },
  },
  full: {
    batches: [8, 16, 32, 64, 128, 256, 512, 1024],
    seeds: [1, 2, 3, 4, 5],
    rates: [1e-3, 3e-3, 9e-3],
    config: cifar,
    equalSteps: { seeds: [1, 2], batches: [16, 64, 256, 1024] },
  },
};

const scaleInWords: Readonly<Record<ProfileName, string>> = {
  smoke: "512 images of Fashion-MNIST, 1 epoch, 1 seed: shows that everything runs, and decides nothing.",
  quick:
    "The paper trains ResNets on ImageNet for 100 epochs or more; here: 5,000 images of Fashion-MNIST (embedded subset), 28 × 28, a plain ConvNet of 16-32-64-128 channels, 2 epochs, 3 seeds.",
  full: "10,000 training images of CIFAR-10, a ConvNet of 8-16-32-64-64 channels, 4 epochs, 5 seeds; and from 2 seeds sizes of 64, 256 and 1024 with as many steps as 16 takes in an epoch.",
};

/** The size of which the findings speak too, where it is not the smallest. */
const spokenOf = 16;

const holdsWithin = 1;
const holdsInPartWithin = 3;

/** A training configuration of this protocol. */
export function configuration({ config }: Scale, batch: number, lr: number, seed: number): object {
  return { ...config, batch, seed, optimiser: { name: "adamw", lr } };
}

const embeddedImages = 10_000;

/** Epochs in which a batch size takes as many steps as the smallest one does in one. */
export function epochsOfEqualSteps(
  { batches, config }: Pick<Scale, "batches" | "config">,
  batch: number,
): number {
  const images = config.data?.train ?? embeddedImages;
  const steps = Math.floor(images / Math.min(...batches));
  return Math.max(1, Math.round(steps / Math.floor(images / batch)));
}

function tunedRate(tuning: readonly Row[], batch: number): number {
  const tried = tuning.filter((row) => row.batch === batch);
  return Number((bestBy("linear", tried) ?? { lr: fixedRate }).lr);
}

const seriesNames: Readonly<Record<string, string>> = {
  fixed: `one learning rate, ${fixedRate}`,
  tuned: "learning rate tuned for each size",
  "equal steps": "the tuned rate, equal steps",
};

function conclude(rows: readonly Row[], profile: ProfileName): Conclusion {
  const untrained = betterOfUntrained(rows);
  const raw = rows.find((row) => row.condition === "raw pixels");
  const bySize = groupBy(
    rows.filter((row) => row.condition === "tuned").sort((a, b) => Number(a.batch) - Number(b.batch)),
    (row) => Number(row.batch),
  );
  const sizes = [...bySize.keys()];
  const smallest = sizes[0] ?? Math.min(...scales[profile].batches);
  const tuned = (size: number): readonly Row[] => bySize.get(size) ?? [];
  const best = sizes.reduce(
    (a, b) => (meanOf(tuned(b), "linear") > meanOf(tuned(a), "linear") ? b : a),
    smallest,
  );
  const drop = pairedBySeed(tuned(best), tuned(smallest), "linear");
  const gain = overUntrained(tuned(smallest), "linear", untrained);
  const figures = [
    {
      name: "accuracy-by-batch",
      figure: sweepFigure(
        rows
          .filter(({ condition }) => condition in seriesNames)
          .map((row) => ({ x: Number(row.batch), y: row.linear, series: seriesNames[row.condition]! })),
        {
          title: "SimCLR's accuracy against its batch size",
          caption: `${sayingCopy(scaleInWords[profile], rows)} Linear probe on test images; dots are runs, bands 95 % confidence intervals of the mean.`,
          xTitle: "batch size, images",
          yTitle: "linear probe, % correct",
          xScale: "log",
          references: [
            { label: "untrained", y: meanOf([...untrained.values()], "linear") },
            ...(raw ? [{ label: "raw pixels", y: raw.linear }] : []),
          ],
        },
      ),
    },
    { name: "learning-rate-by-batch", figure: heatMapOfTuning(rows) },
  ];
  return {
    verdict: verdictOf(drop, gain),
    numbers: [
      {
        name: "drop",
        what: "points of linear probe that the smallest batch, tuned, lies below the best",
        value: drop,
        tolerance: ofDifference(drop, 2),
      },
      {
        name: "gain",
        what: "points of linear probe that the smallest batch, tuned, lies above the better untrained encoder",
        value: gain,
        tolerance: ofDifference(gain, 1),
      },
    ],
    findings: [
      `With the learning rate tuned, batch ${best} is best (${percent(interval(tuned(best).map(({ linear }) => linear)))} linear); batch ${smallest} is ${percent(drop)} points below it (rule: at most ${holdsWithin}).`,
      `Batch ${smallest}, tuned, is ${percent(gain)} points above the better untrained encoder of the same seed (rule: interval above 0).`,
      ...(smallest < spokenOf && bySize.has(spokenOf)
        ? [
            `Batch ${spokenOf}, tuned, is ${percent(pairedBySeed(tuned(best), tuned(spokenOf), "linear"))} points below the best size.`,
          ]
        : []),
    ],
    table: table(rows, sizes),
    figures,
  };
}

function verdictOf(drop: Interval, gain: Interval): Conclusion["verdict"] {
  if (drop.count < 2) return "not decided";
  if (gain.low <= 0 || drop.mean > holdsInPartWithin) return "does not hold at this scale";
  return drop.mean <= holdsWithin ? "holds" : "holds in part";
}

function table(rows: readonly Row[], sizes: readonly number[]): Conclusion["table"] {
  const cells = (matching: readonly Row[]): string[] =>
    (["knn", "linear"] as const).map((metric) => percent(interval(matching.map((row) => row[metric]))));
  const select = (condition: string, batch?: number): Row[] =>
    rows.filter((row) => row.condition === condition && (batch === undefined || row.batch === batch));
  const controls = ["untrained", "untrained, statistics of the data", "raw pixels", "supervised"]
    .filter((condition) => select(condition).length > 0)
    .map((condition) => [condition, "", "", ...cells(select(condition))]);
  return {
    columns: ["condition", "batch", "lr", "kNN %", "linear %"],
    rows: [
      ...Object.keys(seriesNames).flatMap((condition) =>
        sizes.flatMap((size) => {
          const matching = select(condition, size);
          if (matching.length === 0) return [];
          return [[condition, String(size), String(matching[0]!.lr ?? ""), ...cells(matching)]];
        }),
      ),
      ...controls,
    ],
  };
}

/** A base rate for 256 images each; it grows with the batch. */
const paper: readonly PaperRun[] = [32, 64, 128, 256, 512, 1024, 2048].flatMap((batch) =>
  [0.5, 1, 2].map((lr) => ({
    name: `batch${batch}-lr${lr}`,
    config: paperConfig(batch, { optimiser: { name: "lars", lr, weightDecay: 1e-6 } }),
  })),
);

export const smallBatches: Protocol = {
  name: "small-batches",
  claim:
    "SimCLR does not need very large mini-batches: with a learning rate tuned for the batch size, small ones are as good.",
  link: "https://arxiv.org/abs/2303.01986",
  rule: [
    "For each batch size the learning rate with the best linear probe on held-out training images (seed 0) is taken, and",
    "trained anew from the other seeds. The claim holds if the smallest batch size is, in the mean of differences paired by",
    `seed, at most ${holdsWithin} point of linear-probe accuracy below the best size, and above the better untrained encoder of its`,
    `seed with a 95 % interval clear of zero; it holds in part if it is at most ${holdsInPartWithin} points below; else it does not hold`,
    "at this scale. One seed decides nothing.",
  ].join(" "),
  scale: scaleInWords,
  paper,
  async run(laboratory, profile) {
    const scale = scales[profile];
    const { batches, seeds, rates, equalSteps = { seeds: [], batches: [] } } = scale;
    const trainings =
      batches.length * (rates.length + 2 * seeds.length) +
      equalSteps.seeds.length * equalSteps.batches.length;
    laboratory.expect(trainings + 1 + 3 * seeds.length);
    const base = configuration(scale, 64, fixedRate, seeds[0]!);
    const beside = true;
    await laboratory.rawPixels({ config: base, beside });
    for (const seed of seeds) await laboratory.untrained({ config: { ...base, seed } });
    const tuning: Row[] = [];
    for (const batch of batches)
      for (const lr of rates)
        tuning.push(
          ...(await laboratory.train({
            condition: "tuning",
            config: configuration(scale, batch, lr, 0),
            factors: { batch, lr },
            measureOn: "validation",
          })),
        );
    const trainAll = async (condition: string, rateOf: (batch: number) => number): Promise<void> => {
      for (const seed of seeds)
        for (const batch of batches) {
          const lr = rateOf(batch);
          await laboratory.train({
            condition,
            config: configuration(scale, batch, lr, seed),
            factors: { batch, lr },
            beside: condition !== "tuned",
          });
        }
    };
    await trainAll("tuned", (batch) => tunedRate(tuning, batch));
    await trainAll("fixed", () => fixedRate);
    for (const seed of seeds) await laboratory.supervised({ config: { ...base, seed }, beside });
    for (const seed of equalSteps.seeds)
      for (const batch of equalSteps.batches) {
        const lr = tunedRate(tuning, batch);
        const epochs = epochsOfEqualSteps({ ...scale, batches: equalSteps.batches }, batch);
        await laboratory.train({
          condition: "equal steps",
          config: { ...configuration(scale, batch, lr, seed), epochs },
          factors: { batch, lr, epochs },
          beside,
        });
      }
  },
  conclude,
};
