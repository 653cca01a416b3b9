/**
 * Where a protocol's experiments are run: it trains and measures one row after the other, keeps each as soon as it is
 * known, gives back those that are known already, and shows how far it is.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Encoder, type Images, withStatisticsOf } from "../../src/evaluate/encode.js";
import { createProgress, type Progress } from "../../src/support/progress.js";
import { parseConfig } from "../../src/train/config/parse.js";
import type { TrainConfig } from "../../src/train/config/schema.js";
import { createDataset, datasetName } from "../../src/train/dataset.js";
import { untrainedEncoder } from "../../src/train/encoder.js";
import { trainEncoder } from "../../src/train/train.js";
import { type Course, type CoursePoint, courseOf } from "./course.js";
import { type Measurement, type MeasureOn, measure, measurePixels, splitsOf } from "./measure.js";
import type { Row } from "./protocol.js";
import type { MadeBy } from "./provenance.js";
import { RowStore, rowKey } from "./row-store.js";

/** The interrupted state of a reproduction: its rows are kept. */
export class ReproductionInterrupted extends Error {
  override readonly name = "ReproductionInterrupted";
}

export interface RowRequest {
  /** A training configuration as one would write it: what is left out takes its default. */
  readonly config: object;
  /** What was varied; it stands in the row. */
  readonly factors?: Readonly<Record<string, string | number>>;
  /** Where accuracy is measured: test images, or training images that the probe's training half leaves out. */
  readonly measureOn?: MeasureOn;
  /** Whether it stands beside the claim and decides nothing, so that a verdict does not wait for it; no unless told. */
  readonly beside?: boolean;
}

export interface TrainRequest extends RowRequest {
  readonly condition: string;
  /** Whether the results hold the course of this training; no unless told. */
  readonly course?: boolean;
}

export interface Laboratory {
  /** How many encoders will be asked for, untrained ones and pixels counted in, for the progress display. */
  expect(encoders: number): void;
  /** Trains an encoder and measures it: a row for each task of the data set, the main one first. */
  train(request: TrainRequest): Promise<Row[]>;
  /** An experiment that is no training run, with what else it found as further factors of its rows. */
  experiment(
    request: TrainRequest,
    compute: (config: TrainConfig, signal?: AbortSignal) => Promise<Measured>,
  ): Promise<Row[]>;
  /** The same encoder trained with the labels of the main task. */
  supervised(request: RowRequest): Promise<Row[]>;
  /** The encoder before training: with initial batch-norm statistics, and with those of the training images. */
  untrained(request: RowRequest): Promise<Row[]>;
  /** The pixels themselves as features. */
  rawPixels(request: RowRequest): Promise<Row[]>;
}

export interface LaboratoryOptions {
  readonly claim: string;
  /** Where unfinished runs are kept. */
  readonly folder: string;
  /** The .jsonl file of the rows; in the folder by default. Claims that share it do not train the same encoder twice. */
  readonly rows?: string;
  readonly signal?: AbortSignal;
  /** Trains and measures nothing: what is not known yet is left out, and counted as missing. */
  readonly onlyKnown?: boolean;
  /** The hash of the code whose rows are taken for known; this code's unless told otherwise. */
  readonly code?: string;
  /** Silent unless given. */
  readonly showProgress?: boolean;
}

/** What an experiment found. */
export type Measured = Measurement & { readonly facts?: Readonly<Record<string, string | number>> };

type Computed = Measured & { readonly course?: readonly CoursePoint[] };

type Known = Computed & { readonly seconds: number };

/** How many of the encoders that were asked for are known, and how many are not. */
export interface Missing {
  readonly known: number;
  /** Without which there is no verdict. */
  readonly deciding: number;
  readonly beside: number;
}

export function createLaboratory(options: LaboratoryOptions): Laboratory & {
  readonly rows: readonly Row[];
  readonly courses: readonly Course[];
  readonly missing: Missing;
  /** What made the last row of all; undefined when no row says. */
  readonly made: MadeBy | undefined;
  seconds(): number;
  close(): void;
} {
  const { claim, folder, signal, showProgress = false } = options;
  const store = new RowStore<Known>(options.rows ?? join(folder, "rows.jsonl"));
  const rows: Row[] = [];
  const courses: Course[] = [];
  let expected = 0;
  const missing = { deciding: 0, beside: 0 };
  let made: MadeBy | undefined;
  let done = 0;
  let total = 0;
  let progress: Progress | undefined;

  const note = (text: string): void => {
    if (!showProgress) return;
    progress ??= createProgress({
      title: claim,
      total: Math.max(expected, 1),
      start: done,
      unit: "encoders",
    });
    progress.update(done, text);
  };

  /** The rows of an encoder, computed unless they are known. */
  const measured = async (
    condition: string,
    config: TrainConfig,
    {
      factors,
      measureOn = "test",
      course = false,
      beside = false,
    }: RowRequest & { readonly course?: boolean },
    kind: string,
    compute: (key: string) => Promise<Computed>,
  ): Promise<Row[]> => {
    if (signal?.aborted) throw new ReproductionInterrupted();
    const dataset = datasetName(config.data);
    const key = rowKey({ kind, config, dataset, measureOn }, options.code);
    let known = store.get(key);
    if (!known && options.onlyKnown) {
      missing[beside ? "beside" : "deciding"]++;
      return [];
    }
    if (!known) {
      note(`${condition} ${describeFactors(factors)} seed ${config.seed}`);
      const began = performance.now();
      const measurement = await compute(key);
      known = { ...measurement, seconds: Number(((performance.now() - began) / 1000).toFixed(2)) };
      store.add(key, known);
    }
    const by = store.madeBy(key);
    if (by && (made === undefined || by.date > made.date)) made = by;
    const { tasks, effectiveRank, seconds, facts } = known;
    const results = Object.entries(tasks).map(([task, accuracy]): Row => {
      const what = { claim, condition, dataset, task, ...factors, ...facts, seed: config.seed };
      return { ...what, ...accuracy, effectiveRank, seconds };
    });
    rows.push(...results);
    if (course && known.course) {
      const { temperature } = config.method as { temperature?: number };
      courses.push({
        condition,
        dataset,
        seed: config.seed,
        ...(temperature && { temperature }),
        points: known.course,
      });
    }
    done++;
    total += seconds;
    return results;
  };

  const trained = (
    condition: string,
    config: TrainConfig,
    request: Omit<TrainRequest, "condition">,
  ): Promise<Row[]> =>
    measured(condition, config, request, "trained", async (key) => {
      const runs = join(folder, "unfinished");
      const named = { ...config, name: key };
      const result = await trainEncoder(named, { runs, ...(signal && { signal }) });
      if (!result.finished) throw new ReproductionInterrupted();
      const measurement = await measure(result.encoder, await splitsOf(config, request.measureOn));
      rmSync(join(runs, key), { recursive: true, force: true });
      return { ...measurement, course: courseOf(result.metrics) };
    });

  return {
    rows,
    courses,
    get missing() {
      return { known: done, ...missing };
    },
    get made() {
      return made;
    },
    seconds: () => total,
    expect(count) {
      expected = count;
    },
    experiment(request, compute) {
      const kind = `experiment: ${claim}, ${request.condition}`;
      return measured(request.condition, resolve(request.config), request, kind, () =>
        compute(resolve(request.config), signal),
      );
    },
    train: (request) => trained(request.condition, resolve(request.config), request),
    supervised(request) {
      const config = resolve({ ...request.config, method: { name: "supervised" } });
      return trained("supervised", config, request);
    },
    async untrained(request) {
      const config = resolve(request.config);
      const measuredAs = (
        condition: string,
        prepare: (encoder: Encoder, images: Images) => Promise<Encoder>,
      ) =>
        measured(condition, config, request, condition, async () => {
          const splits = await splitsOf(config, request.measureOn);
          const encoder = await untrainedEncoder(config, await createDataset(config, "train"));
          return measure(await prepare(encoder, splits.train), splits);
        });
      return [
        ...(await measuredAs("untrained", async (encoder) => encoder)),
        ...(await measuredAs("untrained, statistics of the data", withStatisticsOf)),
      ];
    },
    rawPixels(request) {
      const config = resolve(request.config);
      return measured("raw pixels", config, request, "raw pixels", async () =>
        measurePixels(await splitsOf(config, request.measureOn)),
      );
    },
    close: () => progress?.stop(),
  };
}

/** The complete configuration; a reproduction needs no checkpoint but the one that an interruption leaves. */
function resolve(config: object): TrainConfig {
  const complete = parseConfig(config);
  return { ...complete, checkpoint: { ...complete.checkpoint, everyEpochs: complete.epochs, keep: 1 } };
}

function describeFactors(factors: RowRequest["factors"]): string {
  return Object.entries(factors ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(" ");
}
