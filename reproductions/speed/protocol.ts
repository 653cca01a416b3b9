/**
 * An optimised input pipeline makes self-supervised training several times faster: accuracy against wall time of a plain
 * per-image pipeline, of ours, and of ours with the resolution ramp, on one machine.
 *
 *     jessl reproduce speed --profile quick
 *
 * Paper: arXiv 2303.01986, figure 1 (A100 GPUs, ResNet-50, ImageNet); its points stand beside ours as published. Wall
 * times belong to a machine, so the rule is on ratios, paired by seed; the pipelines take turns within a seed.
 */
import { type Interval, interval } from "../../src/figure/index.js";
import { betterOfUntrained, pairedBySeed, percent, seedsOf } from "../support/numbers.js";
import { type PaperRun, paperConfig } from "../support/paper.js";
import type { Conclusion, ProfileName, Protocol, Row } from "../support/protocol.js";
import { ofDifference, ofRatio } from "../support/tolerance.js";
import { accuracyByTime, courseOf, publishedFigure } from "./figures.js";
import { factNames, openStage, rawPixels, timedTraining, untrained } from "./timed.js";

interface Scale {
  readonly train: number;
  readonly test: number;
  readonly side: number;
  /** The ramp's first side. */
  readonly from: number;
  readonly seeds: readonly number[];
  readonly config: { readonly epochs: number; readonly [key: string]: unknown };
}

const common = {
  projector: "128-64",
  batch: 32,
  optimiser: { name: "adamw", lr: 3e-3 },
  method: { name: "simclr", temperature: 0.2 },
  views: { preset: "grey" },
};
const narrow = { name: "convnet", widths: [8, 8, 16, 32] };

const scales: Readonly<Record<ProfileName, Scale>> = {
  smoke: {
    train: 128,
    test: 100,
    side: 32,
    from: 16,
    seeds: [1],
    config: { ...common, encoder: narrow, epochs: 2 },
  },
  quick: {
    train: 1600,
    test: 1000,
    side: 56,
    from: 28,
    seeds: [1, 2, 3],
    config: { ...common, encoder: narrow, epochs: 3 },
  },
  full: {
    train: 10_000,
    test: 2000,
    side: 56,
    from: 28,
    seeds: [1, 2, 3, 4, 5],
    config: { ...common, encoder: { name: "convnet", widths: [16, 32, 64, 128] }, epochs: 10 },
  },
};

const scaleInWords: Readonly<Record<ProfileName, string>> = {
  smoke: "128 images, 2 epochs, 1 seed: shows that everything runs, and decides nothing.",
  quick:
    "The paper trains a ResNet-50 on ImageNet with GPUs, at 224 pixels; here: 1,600 JPEG images of Fashion-MNIST (embedded subset), enlarged to 56 × 56, a plain ConvNet of 8-8-16-32 channels on the CPU, 3 epochs, 3 seeds; the ramp goes from 28 to 56 pixels. Encoder and pipeline share the processor, so the encoder's part of the time cannot be overlapped away.",
  full: "10,000 JPEG images of Fashion-MNIST, enlarged to 56 × 56, a ConvNet of 16-32-64-128 channels on the CPU, 10 epochs, 5 seeds; the ramp goes from 28 to 56 pixels.",
};

const pipelines = {
  perImage: "per image, on the host",
  compiled: "in the compiled step",
  ramp: "in the compiled step, with the ramp",
} as const;

const rampAtLeast = 2;
const equalAtLeast = 1.3;
const accuracyWithin = 2;

const secondsOf = (row: Row, epochs: number): number => Number(row[factNames.seconds(epochs)]);

/** How many times as fast as the plain pipeline, from logarithms of ratios paired by seed. */
function speedUp(plain: readonly Row[], ours: readonly Row[], epochs: number): Interval {
  const seconds = new Map(ours.map((row) => [row.seed, secondsOf(row, epochs)]));
  const both = plain.filter(({ seed }) => seconds.has(seed));
  const logs = interval(both.map((row) => Math.log(secondsOf(row, epochs) / seconds.get(row.seed)!)));
  return {
    mean: Math.exp(logs.mean),
    low: Math.exp(logs.low),
    high: Math.exp(logs.high),
    count: logs.count,
  };
}

const times = ({ mean, low, high, count }: Interval): string =>
  count < 2 ? mean.toFixed(2) : `${mean.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

function verdictOf(equal: Interval, ramp: Interval, losses: readonly Interval[]): Conclusion["verdict"] {
  if (equal.count < 2 || ramp.count < 2) return "not decided";
  if (losses.some(({ mean }) => mean > accuracyWithin)) return "does not hold at this scale";
  if (equal.low > 1 && ramp.low > 1 && equal.mean >= equalAtLeast && ramp.mean >= rampAtLeast) return "holds";
  return equal.low > 1 || ramp.low > 1 ? "holds in part" : "does not hold at this scale";
}

function conclude(rows: readonly Row[], profile: ProfileName): Conclusion {
  const { epochs } = scales[profile].config;
  const of = (condition: string): Row[] => rows.filter((row) => row.condition === condition);
  const plain = of(pipelines.perImage);
  const seeds = seedsOf(plain);
  const equal = speedUp(plain, of(pipelines.compiled), epochs);
  const ramp = speedUp(plain, of(pipelines.ramp), epochs);
  const loss = (condition: string): Interval => pairedBySeed(plain, of(condition), "knn");
  const losses = [loss(pipelines.compiled), loss(pipelines.ramp)];
  const before = betterOfUntrained(rows);
  const timed = Object.values(pipelines).flatMap(of);
  return {
    verdict: verdictOf(equal, ramp, losses),
    numbers: [
      {
        name: "equal resolution",
        what: "how many times as fast as the plain pipeline",
        value: equal,
        tolerance: ofRatio(equal),
      },
      {
        name: "ramp",
        what: "how many times as fast as the plain pipeline, with the ramp",
        value: ramp,
        tolerance: ofRatio(ramp),
      },
      {
        name: "loss of accuracy with the ramp",
        what: "points of kNN below the plain pipeline",
        value: losses[1]!,
        tolerance: ofDifference(losses[1]!, 2),
      },
    ],
    findings: [
      `At equal resolution training is ${times(equal)} times as fast as with the plain pipeline (paper: 2.6; rule: at least ${equalAtLeast}), with the ramp ${times(ramp)} times (paper: 3.9; rule: at least ${rampAtLeast}).`,
      `Accuracy below the plain pipeline's, points of kNN: ${percent(losses[0]!)} at equal resolution, ${percent(losses[1]!)} with the ramp (rule: at most ${accuracyWithin} in the mean).`,
    ],
    table: table(rows, epochs, { [pipelines.compiled]: equal, [pipelines.ramp]: ramp }),
    figures: [
      {
        name: "accuracy-by-time",
        figure: accuracyByTime(
          timed.flatMap((row) => courseOf(row, before.get(row.seed)?.knn)),
          {
            title: "Accuracy against wall time, by input pipeline",
            caption: `${scaleInWords[profile]} A dot is a run at the end of an epoch, measured with the clock stopped; lines join the means of ${seeds.length} seeds and begin at the untrained encoder. The times are those of one machine.`,
          },
        ),
      },
      { name: "published", figure: publishedFigure() },
    ],
  };
}

function table(
  rows: readonly Row[],
  epochs: number,
  ratios: Readonly<Record<string, Interval>>,
): Conclusion["table"] {
  const shown = [
    ...Object.values(pipelines),
    "untrained",
    "untrained, statistics of the data",
    "raw pixels",
    "supervised",
  ];
  return {
    columns: ["pipeline", "training, s", "times as fast", "kNN %", "linear %"],
    rows: shown
      .map((condition) => rows.filter((row) => row.condition === condition))
      .filter((matching) => matching.length > 0)
      .map((matching) => {
        const { condition } = matching[0]!;
        const timed = factNames.seconds(epochs) in matching[0]!;
        return [
          condition,
          timed ? percent(interval(matching.map((row) => secondsOf(row, epochs)))) : "",
          condition === pipelines.perImage ? "1" : ratios[condition] ? times(ratios[condition]) : "",
          percent(interval(matching.map(({ knn }) => knn))),
          percent(interval(matching.map(({ linear }) => linear))),
        ];
      }),
  };
}

const paper: readonly PaperRun[] = [
  { name: "ramp", config: paperConfig(2048) },
  {
    name: "equal-resolution",
    config: paperConfig(2048, { resolution: { min: 224, max: 224, endEpoch: 1 } }),
  },
];

export const speed: Protocol = {
  name: "speed",
  claim:
    "An optimised input pipeline makes self-supervised training several times faster, at equal accuracy.",
  link: "https://arxiv.org/abs/2303.01986",
  rule: [
    "Each pipeline trains the same SimCLR from every seed: a plain one that decodes and augments image by image on the host,",
    "ours with the views inside the compiled step, and ours with the resolution ramp. Times are wall times of training,",
    "opening and compiling included; ratios are paired by seed, with 95 % intervals of their logarithms. The claim holds if",
    `ours is at least ${equalAtLeast} times as fast at equal resolution and ${rampAtLeast} times with the ramp (half of the paper's 2.6 and 3.9),`,
    "both with intervals above 1; in part if one of the intervals lies above 1; and in no case if the final kNN accuracy of",
    `either is in the mean more than ${accuracyWithin} points below the plain pipeline's. Else it does not hold at this scale. One seed`,
    "decides nothing.",
  ].join(" "),
  scale: scaleInWords,
  paper,
  async run(laboratory, profile) {
    const { train, test, side, from, seeds, config } = scales[profile];
    laboratory.expect(2 + 5 * seeds.length);
    let opened: ReturnType<typeof openStage> | undefined;
    // Only when something is left to measure.
    const stage = () => {
      opened ??= openStage(train, test, side);
      return opened;
    };
    const factors = { side };
    const base = (seed: number) => ({ ...config, data: { train }, seed });
    const ramp = {
      resolution: { min: from, max: side, startEpoch: 0, endEpoch: config.epochs - 1 },
    };
    const timed = (condition: string, more: object, kind: "compiled" | "per image", seed: number) => {
      const config = { ...base(seed), ...more };
      const beside = condition === "supervised";
      return laboratory.experiment({ condition, config, factors, beside }, async (complete) =>
        timedTraining(complete, await stage(), kind),
      );
    };
    const control = (condition: string, seed: number) => ({
      condition,
      config: base(seed),
      factors,
      beside: true,
    });
    await laboratory.experiment(control("raw pixels", seeds[0]!), async () => rawPixels(await stage()));
    await timed("supervised", { method: { name: "supervised" } }, "compiled", seeds[0]!);
    for (const seed of seeds) {
      for (const condition of ["untrained", "untrained, statistics of the data"] as const)
        await laboratory.experiment(control(condition, seed), async (complete) =>
          untrained(complete, await stage(), condition !== "untrained"),
        );
      await timed(pipelines.perImage, {}, "per image", seed);
      await timed(pipelines.compiled, {}, "compiled", seed);
      await timed(pipelines.ramp, ramp, "compiled", seed);
    }
  },
  conclude,
};
