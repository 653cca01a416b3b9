/**
 * Means with 95 % confidence intervals by Student's t: what a handful of seeds allow one to say.
 */
import { mean, sampleStandardDeviation } from "simple-statistics";

/** A mean with its confidence interval. */
export interface Interval {
  /** NaN, as its ends, of no values. */
  readonly mean: number;
  /** The ends of the 95 % confidence interval; equal to the mean for one value, which allows no interval. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

// Two-sided 97.5 % quantiles of Student's t by degrees of freedom 1 … 30 (any table of the distribution).
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The mean of independent values and its 95 % confidence interval; of none, NaN. */
export function interval(values: readonly number[]): Interval {
  if (values.length === 0) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN, count: 0 };
  const centre = mean([...values]);
  if (values.length < 2) return { mean: centre, low: centre, high: centre, count: values.length };
  const t = quantiles[values.length - 2] ?? 1.96;
  const half = (t * sampleStandardDeviation([...values])) / Math.sqrt(values.length);
  return { mean: centre, low: centre - half, high: centre + half, count: values.length };
}

/** The interval of the differences a[i] − b[i]: pairs share a seed, so that the seed's own effect cancels. */
export function pairedInterval(a: readonly number[], b: readonly number[]): Interval {
  return interval(a.map((value, i) => value - b[i]!));
}

/** `83.2 ± 0.4`, or `83.2` where there is no interval, or a dash where there is nothing. */
export function formatInterval({ mean: centre, high, count }: Interval, digits = 1): string {
  if (count === 0) return "–";
  return count < 2
    ? centre.toFixed(digits)
    : `${centre.toFixed(digits)} ± ${(high - centre).toFixed(digits)}`;
}
