/** The evaluation part of the public API. */
export { type EffectiveRankOptions, effectiveRank, rankMe, singularValues } from "./effective-rank.js";
export { type Encoder, encode, type Images, pixels, withStatisticsOf } from "./encode.js";
export {
  type EvaluateOptions,
  type Evaluation,
  evaluateEncoder,
  evaluateFeatures,
  evaluatePixels,
} from "./evaluate.js";
export { accuracy, type Features } from "./features.js";
export { alignment, cka, uniformity } from "./geometry.js";
export { type KnnOptions, type KnnResult, knn } from "./knn.js";
export { type LinearProbe, type LinearProbeOptions, linearProbe } from "./linear-probe.js";
export { type RegressionProbe, type RegressionProbeOptions, regressionProbe } from "./regression-probe.js";
