/** Training: configurations, runs, checkpoints, sweeps. */
export { type Best, readBest } from "./best.js";
export { spreadOf } from "./collapse.js";
export { parseConfig, readConfig } from "./config/parse.js";
export { printConfig } from "./config/print.js";
export type { TrainConfig } from "./config/schema.js";
export { createDataset } from "./dataset.js";
export { loadEncoder, untrainedEncoder } from "./encoder.js";
export { evaluateRunTasks, type RunTasks, type TaskRow } from "./evaluate-tasks.js";
export { evaluateRun, type RunEvaluation, type RunEvaluationProgress } from "./evaluation.js";
export { type ExportOptions, encoderOnnx, exportRun } from "./export.js";
export type { DeviceState, HostState, LoopOptions, LoopResult, ResidentTensor } from "./loop.js";
export type { LossScale } from "./loss-scale.js";
export { loadNegatives } from "./negatives.js";
export type { Probes, ProbesState } from "./probes.js";
export { createProgram, type ProgramOptions, type TrainProgram } from "./program.js";
export { type ResolutionRamp, resolutionAt } from "./resolution.js";
export {
  type Environment,
  type Metrics,
  type RunFolder,
  readLines,
  readRunConfig,
  runFolder,
} from "./run-folder.js";
export { type NamedTensors, readSafeTensors, type SafeTensors, writeSafeTensors } from "./safetensors.js";
export type { Scalars, StepInput, StepResult, TrainState } from "./step.js";
export { type SweepRow, sweepTable } from "./sweep/results.js";
export { type RunSweepOptions, runSweep, type SweepResult } from "./sweep/run.js";
export { readSweep, type Sweep, type SweepRun } from "./sweep/spec.js";
export { continueRun, type Run, type RunOptions, startRun, type TrainResult, trainEncoder } from "./train.js";
