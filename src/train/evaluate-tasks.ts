/** A run's encoder over a list of downstream tasks, with the untrained encoder of the same seed beside it. */
import type { DeviceName } from "../engine/run/device.js";
import {
  type EvaluateTasksOptions,
  evaluateTasks,
  fitTasks,
  partsOfTasks,
  type TaskScores,
} from "../evaluate/evaluate-tasks.js";
import { describeFit } from "../evaluate/fit.js";
import { counted, type PartRunner } from "../evaluate/progress.js";
import { openTasks } from "../evaluate/tasks.js";
import { createDataset } from "./dataset.js";
import { encoderNames, encodersOf, type RunEvaluationProgress } from "./evaluation.js";
import { readRunConfig } from "./run-folder.js";

/** One task: a run's encoder, and the untrained ones. */
export interface TaskRow {
  readonly task: string;
  /** How the task's images were brought to the encoder's shape, such as `32 × 32 RGB → 28 × 28 grey`; null: as they are. */
  readonly converted: string | null;
  readonly trained: TaskScores;
  /** The initial weights of the same seed, with batch-norm statistics as they are at the start. */
  readonly untrained: TaskScores;
  /** The same with batch-norm statistics of the run's training images. */
  readonly untrainedStatistics: TaskScores;
}

/** What came of a run's encoder on tasks. */
export interface RunTasks {
  readonly run: string;
  readonly tasks: readonly TaskRow[];
}

/**
 * Evaluates the encoder of a run folder on tasks (see `taskNames`).
 * @throws ConfigError for an unknown task; DataError when files of one are missing, both before anything is computed
 */
export async function evaluateRunTasks(
  path: string,
  names: readonly string[],
  { onProgress, onRead, ...given }: EvaluateTasksOptions & RunEvaluationProgress = {},
): Promise<RunTasks> {
  const { config } = readRunConfig(path);
  const opened = await openTasks(names, onRead);
  const encoders = await encodersOf(path, config, await createDataset(config, "train", onRead));
  const shape = encoders.trained.imageShape;
  const tasks = await fitTasks(opened, shape);
  const part = counted(3 * partsOfTasks(tasks), onProgress);
  const scoresOf = (which: keyof typeof encoders) => {
    const named: PartRunner = (name, work) => part(`${name} of ${encoderNames[which]}`, work);
    const device = config.device as DeviceName;
    return evaluateTasks(encoders[which], tasks, { device, ...given, part: named });
  };
  const trained = await scoresOf("trained");
  const untrained = await scoresOf("untrained");
  const untrainedStatistics = await scoresOf("untrainedStatistics");
  const rows = opened.map(({ name, train }) => ({
    task: name,
    converted: describeFit(train.images, shape) ?? null,
    trained: trained[name]!,
    untrained: untrained[name]!,
    untrainedStatistics: untrainedStatistics[name]!,
  }));
  return { run: path, tasks: rows };
}
