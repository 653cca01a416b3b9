/** Checks of augmentations' options, so that a wrong one is an error where it is given and not a strange image. */
import { ConfigError } from "../support/errors.js";

/** A lower and an upper bound. */
export type Range = readonly [number, number];

/** @throws ConfigError unless it is a number from 0 to 1 */
export function checkProbability(name: string, value: number): number {
  if (!(value >= 0 && value <= 1))
    throw new ConfigError(`${name}: expected a probability from 0 to 1, got ${value}`);
  return value;
}

/** @throws ConfigError unless low ≤ range[0] ≤ range[1] ≤ high */
export function checkRange(
  name: string,
  range: Range,
  low = Number.NEGATIVE_INFINITY,
  high = Number.POSITIVE_INFINITY,
): Range {
  if (!(range.length === 2 && low <= range[0] && range[0] <= range[1] && range[1] <= high))
    throw new ConfigError(
      `${name}: expected two numbers in order${Number.isFinite(low) ? ` from ${low}` : ""}${Number.isFinite(high) ? ` to ${high}` : ""}, got [${range.join(", ")}]`,
    );
  return range;
}

/** @throws ConfigError unless it is a whole number of at least `low` */
export function checkWhole(name: string, value: number, low = 0): number {
  if (!(Number.isSafeInteger(value) && value >= low))
    throw new ConfigError(`${name}: expected a whole number of ${low} or more, got ${value}`);
  return value;
}

/** One number for both sides of an image, or height and width. */
export type Size = number | readonly [number, number];

/** [height, width] of a size. @throws ConfigError unless both are whole numbers of 1 or more */
export function checkSize(name: string, size: Size): readonly [number, number] {
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return [checkWhole(name, height, 1), checkWhole(name, width, 1)];
}
