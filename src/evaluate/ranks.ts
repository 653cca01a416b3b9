/** Top-1, top-5: where the true class stands among a classifier's scores. */

/**
 * For each row of scores [rows, classes], how many classes stand before the label's: those with a larger score, and of
 * equal ones those with a lower number. 0 means that the label is predicted. Scores that are no numbers come last.
 */
export function labelRanks(
  scores: Float32Array | Float64Array,
  classes: number,
  labels: ArrayLike<number>,
): Int32Array {
  return Int32Array.from({ length: scores.length / classes }, (_, row) => {
    const own = row * classes + labels[row]!;
    let rank = 0;
    for (let at = row * classes; at < (row + 1) * classes; at++)
      if (at !== own && (!(scores[at]! <= scores[own]!) || (at < own && scores[at] === scores[own]))) rank++;
    return rank;
  });
}

/** The share of ranks below k, 0 … 1. */
export function topShare(ranks: Int32Array, k: number): number {
  let within = 0;
  for (const rank of ranks) if (rank < k) within++;
  return within / ranks.length;
}

/** The class with the largest score of every row [rows, classes]; of equal ones the lowest. */
export function largestOf(scores: Float32Array | Float64Array, classes: number): Int32Array {
  return Int32Array.from({ length: scores.length / classes }, (_, row) => {
    let best = row * classes;
    for (let at = best + 1; at < (row + 1) * classes; at++) if (scores[at]! > scores[best]!) best = at;
    return best - row * classes;
  });
}
