/**
 * The resolution ramp: small images early in training, large ones late. Early epochs get cheaper and the result hardly
 * suffers. Source: FFCV-SSL, `get_resolution`: the smallest up to `startEpoch`, the largest from `endEpoch`, between
 * them the linear interpolation rounded to a multiple (of 32 there; of 4 or 8 for images as small as 28 × 28).
 */
export interface ResolutionRamp {
  /** Side length in pixels up to `startEpoch`. */
  readonly min: number;
  /** Side length in pixels from `endEpoch` on. */
  readonly max: number;
  readonly startEpoch: number;
  readonly endEpoch: number;
  /** Between, the side length is a multiple of this. */
  readonly multiple: number;
}

/** The side length in pixels for an epoch, counted from 0. */
export function resolutionAt(ramp: ResolutionRamp, epoch: number): number {
  if (epoch <= ramp.startEpoch) return ramp.min;
  if (epoch >= ramp.endEpoch) return ramp.max;
  const share = (epoch - ramp.startEpoch) / (ramp.endEpoch - ramp.startEpoch);
  const side = ramp.min + share * (ramp.max - ramp.min);
  return Math.round(side / ramp.multiple) * ramp.multiple;
}
