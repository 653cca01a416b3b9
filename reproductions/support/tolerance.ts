/**
 * How far a number may move when the same seeds are trained on another machine. Nothing is drawn anew there: what
 * differs is the order of sums (width of vectors), whose rounding grows with the steps of a training.
 */
import type { Interval } from "../../src/figure/index.js";
import type { Tolerance } from "./protocol.js";

/**
 * How far rounding moves one trained encoder's accuracy, in points: a standard deviation, taken with a margin from the
 * small headline numbers (headlines/small.ts), where a learning rate changed by a millionth moved means of two trainings
 * by at most 0.28 points. 1, 2, 3 and 4 threads gave the same bits there; longer trainings by 1 and by 2 threads do not:
 * in methods at quick size single numbers of a row moved by up to 2.4 points, the headline numbers by at most 0.7.
 */
export const rounding = 0.6;

const errors = 3;

/** Of a mean over seeds of differences of two trained encoders, or of a trained and an untrained one. @param trained 2 or 1 */
export function ofDifference({ count }: Interval, trained: 1 | 2): Tolerance {
  const within = errors * rounding * Math.sqrt(trained / count);
  return {
    within: Number(within.toFixed(2)),
    because: `${errors} standard errors of what rounding alone moves a mean over ${count} seeds of ${trained === 2 ? "differences of two trainings" : "one training less its untrained encoder"}: ${rounding} points a training`,
  };
}

/** Of a ratio of wall times on the same machine. */
export function ofRatio({ mean }: Interval): Tolerance {
  return {
    within: Number((mean * 0.4).toFixed(2)),
    because:
      "two fifths: the share that the encoder has of the time, and with it the ratio, is another one on every processor",
  };
}
