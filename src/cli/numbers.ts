/** Numbers among the options of commands, for commander to check. */
import { InvalidArgumentError } from "commander";

/** @throws InvalidArgumentError unless it is a whole number from 1 on */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a whole number from 1.");
  return value;
}

/** @throws InvalidArgumentError unless it is above 0 */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("expected a number above 0.");
  return value;
}
