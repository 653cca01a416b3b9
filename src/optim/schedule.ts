/**
 * Learning rates over time: linear warm-up from 0, then a cosine down to a share of the base. Source: FFCV-SSL,
 * `get_cosine_lr`: (s − e)·½(1 + cos(π·t/T)) + e with e = 0.001·s, where t counts from the end of the warm-up.
 */
export interface WarmupCosineOptions {
  readonly base: number;
  readonly totalSteps: number;
  readonly warmupSteps?: number;
  /** The last learning rate as a share of the base. */
  readonly end?: number;
}

/** The learning rate of a step, counted from 0. */
export function warmupCosine(
  step: number,
  { base, totalSteps, warmupSteps = 0, end = 0.001 }: WarmupCosineOptions,
): number {
  if (step < warmupSteps) return (base * (step + 1)) / (warmupSteps + 1);
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  const last = base * end;
  return (base - last) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress))) + last;
}
