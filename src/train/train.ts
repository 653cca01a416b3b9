/**
 * Training runs as a user knows them: start one, continue one, load its encoder. A run is a folder; all that happens to
 * it later needs no more than that folder.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Choice, chooseDevice } from "../engine/run/choose.js";
import type { Encoder } from "../evaluate/encode.js";
import { ConfigError } from "../support/errors.js";
import { lockFolder } from "../support/lock.js";
import type { TrainConfig } from "./config/schema.js";
import { createDataset } from "./dataset.js";
import { encoderIn } from "./encoder.js";
import { epochEvaluator } from "./evaluation.js";
import { type LoopOptions, type LoopResult, runLoop } from "./loop.js";
import { loadNegatives } from "./negatives.js";
import { createProgram } from "./program.js";
import {
  environment,
  environmentChanges,
  isSameConfig,
  type Metrics,
  readLines,
  readRunConfig,
  runFolder,
  writeRunConfig,
} from "./run-folder.js";

export { loadEncoder } from "./encoder.js";

/** A finished or stopped run: its encoder, metrics and final state. */
export interface TrainResult extends LoopResult {
  readonly runFolder: string;
  readonly encoder: Encoder;
  readonly metrics: readonly Metrics[];
}

/** How a run can be stopped and watched. */
export interface RunOptions extends LoopOptions {
  /** Is told which device `auto` came to be, and why. */
  readonly onDevice?: ((choice: Choice) => void) | undefined;
}

/** A run that is ready to train. */
export interface Run {
  readonly path: string;
  readonly config: TrainConfig;
  /** What the user should know before it goes on, such as a version that changed. */
  readonly warnings: readonly string[];
  /** Trains to the end, or until the signal. */
  train(options?: RunOptions): Promise<TrainResult>;
}

/** The name of a run that was given none. */
export function runName({ name, method, encoder, batch, seed }: TrainConfig): string {
  return name ?? `${method.name}-${encoder.name}-batch${batch}-seed${seed}`;
}

/**
 * A new run in `<runs>/<name>`.
 * @throws ConfigError when that folder holds a run already
 */
export function startRun(config: TrainConfig, runs = "runs"): Run {
  const path = join(runs, runName(config));
  if (existsSync(join(path, "config.json")))
    throw new ConfigError(
      `run ${path}: it exists already; continue it with --resume ${path}, or choose another name with name=…`,
    );
  return { path, config, warnings: [], train: (options) => trainIn(path, config, options) };
}

/** The run in a folder, to go on from its latest checkpoint. @throws DataError when the folder holds no run */
export function continueRun(path: string): Run {
  const { config, environment: before } = readRunConfig(path);
  const warnings = environmentChanges(before, environment()).map(
    (change) =>
      `${change} since this run began; it may not end with the same bits as without the interruption`,
  );
  return { path, config, warnings, train: (options) => trainIn(path, config, options) };
}

/** The configuration with the device that it will run on, which is tried before anything is written. */
async function withDevice(config: TrainConfig, { onDevice }: RunOptions): Promise<TrainConfig> {
  const choice = await chooseDevice(config.device);
  if (config.device === "auto") onDevice?.(choice);
  return { ...config, device: choice.device };
}

async function trainIn(path: string, wanted: TrainConfig, options: RunOptions = {}): Promise<TrainResult> {
  const config = await withDevice(wanted, options);
  const folder = runFolder(path);
  const dataset = await createDataset(config, "train");
  const program = createProgram(config, dataset, { negatives: await loadNegatives(config, dataset) });
  const evaluate = epochEvaluator(config, program, dataset);
  let unlock: (() => void) | undefined;
  try {
    mkdirSync(path, { recursive: true });
    unlock = lockFolder(path, "run");
    if (!existsSync(join(path, "config.json"))) writeRunConfig(folder, config);
    const result = await runLoop({ ...program, evaluate }, config, folder, options);
    const encoder = encoderIn(result.state, program.encoder, dataset);
    return { ...result, runFolder: path, encoder, metrics: readLines(folder.metrics) };
  } finally {
    unlock?.();
    await program.dispose();
  }
}

/**
 * Trains an encoder in `<runs>/<name>`; a run that was stopped there is continued, a finished one is loaded.
 * @throws TrainingError when the loss is not finite; DataError when the data are missing; ConfigError when the folder
 * holds a run with another configuration
 */
export async function trainEncoder(
  wanted: TrainConfig,
  { runs = "runs", ...options }: RunOptions & { readonly runs?: string } = {},
): Promise<TrainResult> {
  const path = join(runs, runName(wanted));
  if (!existsSync(join(path, "config.json"))) return trainIn(path, wanted, options);
  const { config } = readRunConfig(path);
  if (!isSameConfig(config, wanted))
    throw new ConfigError(`run ${path}: expected the configuration it was begun with; choose another name`);
  return trainIn(path, config, options);
}
