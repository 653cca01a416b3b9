/**
 * What cells publish as JSON, made where they run: so functions are left out and `toJSON` is heard, as everywhere in
 * JavaScript, and what JSON cannot hold is an error of the cell that gave it.
 */

/** JSON of a value. JSON has no bigint: those that a number holds exactly become one, larger ones a string. */
export function toJson(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    // A bigint, or what holds itself; a replacer takes its time.
    return JSON.stringify(value, (_, part: unknown) =>
      typeof part === "bigint" ? (Number.isSafeInteger(Number(part)) ? Number(part) : String(part)) : part,
    );
  }
}
