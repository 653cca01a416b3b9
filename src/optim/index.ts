/** Optimisers, learning-rate schedules and gradient clipping. */
export { type AdamwOptions, adamw } from "./adamw.js";
export { type Clipped, clipByGlobalNorm } from "./clip.js";
export { type LarsOptions, lars } from "./lars.js";
export type { MomentumOptions } from "./momentum.js";
export type { Excluded, Optimiser, Updated } from "./optimiser.js";
export { type WarmupCosineOptions, warmupCosine } from "./schedule.js";
export { type SgdOptions, sgd } from "./sgd.js";
