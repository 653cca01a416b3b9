/** The evaluation part of the public API. */
export { type EffectiveRankOptions, effectiveRank, rankMe, singularValues } from "./effective-rank.js";
export { type Encoder, encode, type Images, pixels, withStatisticsOf } from "./encode.js";
export { encodeLayers, type LayerFeatures } from "./encode-layers.js";
export {
  type EvaluateOptions,
  type Evaluation,
  evaluateEncoder,
  evaluateFeatures,
  evaluatePixels,
} from "./evaluate.js";
export { type EvaluateTasksOptions, evaluateTasks, type TaskScores } from "./evaluate-tasks.js";
export { accuracy, type Features } from "./features.js";
export { describeFit, fitImages } from "./fit.js";
export { alignment, cka, uniformity } from "./geometry.js";
export { type KnnOptions, type KnnResult, knn } from "./knn.js";
export { type LinearProbe, type LinearProbeOptions, linearProbe } from "./linear-probe.js";
export { type MlpProbe, type MlpProbeOptions, mlpProbe } from "./mlp-probe.js";
export type { EvaluationProgress, OnShare, PartRunner } from "./progress.js";
export {
  type RegressionProbe,
  type RegressionProbeOptions,
  regressionProbe,
  type Targeted,
} from "./regression-probe.js";
export { type OnRead, openTasks, type Task, type TaskSplit, taskNames } from "./tasks.js";
