/** The content of requests as it comes from outside, read with care, and the content of a failure. */
import type { Reply } from "./channel.js";
import type { Json } from "./wire.js";

/** A string of a request. @throws TypeError when it is none */
export function text(content: Json, name: string): string {
  const value = content[name];
  if (typeof value !== "string") throw new TypeError(`${name}: expected a string, got ${typeof value}`);
  return value;
}

/** An integer of a request; undefined when it is none. */
export function integer(content: Json, name: string): number | undefined {
  const value = content[name];
  return Number.isInteger(value) ? (value as number) : undefined;
}

/** The strings of an object by name; what is no string is left out. */
export function strings(value: unknown): { [name: string]: string } {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, code]) => typeof code === "string"));
}

/** Code and the cursor in it, in UTF-16 units; without a position, at its end. */
export function cursorOf(content: Json): { code: string; cursor: number } {
  const code = text(content, "code");
  return { code, cursor: fromCodePoints(code, integer(content, "cursor_pos") ?? code.length) };
}

/** Jupyter counts a cursor in Unicode code points, JavaScript in UTF-16 units. */
export function fromCodePoints(code: string, position: number): number {
  let units = 0;
  for (let left = position; left > 0 && units < code.length; left -= 1)
    units += (code.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

/** The reply for something thrown. */
export function failure(error: unknown): Reply {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { status: "error", ename: name, evalue: message, traceback: [`${name}: ${message}`] };
}
