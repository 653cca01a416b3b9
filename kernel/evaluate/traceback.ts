/**
 * Errors as a front end shows them: the message, the cell's lines about the place with a mark, and the stack with the
 * positions of the TypeScript that the user wrote. Frames of the kernel and of Node's insides are left out.
 */
import { SourceMap } from "node:module";
import { inspect } from "node:util";
import type { Fault } from "./language/compile.js";

/** The content of an `error` message. */
export type ErrorContent = { ename: string; evalue: string; traceback: string[] };

/** A cell that does not compile. */
export class Rejected extends Error {
  readonly content: ErrorContent;

  constructor(content: ErrorContent) {
    super(content.evalue);
    this.content = content;
  }
}

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;

interface Source {
  code: string;
  map: string;
  decoded?: SourceMap;
}

/** The sources of the cells that may still appear in a stack; the oldest are forgotten. */
export class Sources {
  private readonly cells = new Map<string, Source>();

  add(name: string, code: string, map: string): void {
    this.cells.set(name, { code, map });
    if (this.cells.size > 512) this.cells.delete(this.cells.keys().next().value as string);
  }

  /** A position in a cell's JavaScript as one in its TypeScript; both count from 1. */
  original(
    name: string,
    line: number,
    column: number,
  ): { code: string; line: number; column: number } | undefined {
    const source = this.cells.get(name);
    if (source === undefined) return undefined;
    source.decoded ??= new SourceMap(JSON.parse(source.map));
    const entry = source.decoded.findEntry(line - 1, column - 1);
    if (!("originalLine" in entry)) return undefined;
    return { code: source.code, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }

  /** A stack with the positions of the TypeScript, and the innermost place in a cell. */
  mapped(stack: string): { frames: string[]; place?: { code: string; line: number; column: number } } {
    let place: { code: string; line: number; column: number } | undefined;
    const frames: string[] = [];
    for (const frame of stack.split("\n")) {
      if (!/^\s+at /.test(frame)) continue;
      // Below the cell lies the kernel.
      if (/node:inspector|Session\.post/.test(frame)) break;
      if (/node:internal|\/kernel\/(evaluate|protocol|main)/.test(frame)) continue;
      frames.push(
        frame.replace(/(cell-\d+\.ts):(\d+):(\d+)/, (whole, name: string, line: string, column: string) => {
          const found = this.original(name, Number(line), Number(column));
          if (found === undefined) return whole;
          place ??= found;
          return `${name}:${found.line}:${found.column}`;
        }),
      );
    }
    return place === undefined ? { frames } : { frames, place };
  }

  /** The content for something thrown; of what cannot even be looked at, that this is so. */
  describe(thrown: unknown): ErrorContent {
    try {
      return this.contentOf(thrown, 0);
    } catch {
      const evalue = "something was thrown that throws when it is looked at";
      return { ename: "Error", evalue, traceback: [red(`Error: ${evalue}`)] };
    }
  }

  private contentOf(thrown: unknown, depth: number): ErrorContent {
    if (thrown instanceof Rejected) return thrown.content;
    if (!isError(thrown)) {
      const text = inspect(thrown, { depth: 2 });
      return { ename: "Error", evalue: text, traceback: [red(`Uncaught ${text}`)] };
    }
    const ename = String(thrown.name);
    const evalue = String(thrown.message);
    const { frames, place } = this.mapped(typeof thrown.stack === "string" ? thrown.stack : "");
    const traceback = [red(`${ename}: ${evalue}`)];
    if (place !== undefined) traceback.push(codeFrame(place.code, place.line, place.column));
    traceback.push(...frames.map(dim));
    if (thrown instanceof AggregateError && depth < 3)
      for (const inner of thrown.errors.slice(0, 8))
        traceback.push(...this.contentOf(inner, depth + 1).traceback);
    if (thrown.cause !== undefined && depth < 8) {
      traceback.push("caused by");
      traceback.push(...this.contentOf(thrown.cause, depth + 1).traceback);
    }
    return { ename, evalue, traceback };
  }
}

/** The content for a cell that does not compile. */
export function describeFaults(code: string, faults: readonly Fault[]): ErrorContent {
  const ename = faults[0]?.syntax ? "SyntaxError" : "TypeScriptError";
  const shown = faults.slice(0, 10);
  const traceback = shown.map((fault) => {
    const number = fault.code === 0 ? "" : ` (TS${fault.code})`;
    const head = red(`${ename}: line ${fault.line}, column ${fault.column}: ${fault.message}${number}`);
    return `${head}\n${codeFrame(code, fault.line, fault.column, fault.length)}`;
  });
  if (faults.length > shown.length) traceback.push(`… and ${faults.length - shown.length} more`);
  const [first] = faults;
  const evalue =
    first === undefined
      ? ""
      : `line ${first.line}, column ${first.column}: ${first.message} (TS${first.code})`;
  return { ename, evalue, traceback };
}

/** The line of a place with its neighbours, numbered, and a mark under it. */
export function codeFrame(code: string, line: number, column: number, length = 1): string {
  const lines = code.split("\n");
  const from = Math.max(1, line - 2);
  const to = Math.min(lines.length, line + 1);
  const width = String(to).length;
  const out: string[] = [];
  for (let number = from; number <= to; number += 1) {
    const text = lines[number - 1] ?? "";
    out.push(`${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`);
    if (number !== line) continue;
    const pad = text.slice(0, column - 1).replace(/[^\t]/g, " ");
    const marks = "^".repeat(Math.max(1, Math.min(length, text.length - column + 1)));
    out.push(`  ${" ".repeat(width)} | ${pad}${red(marks)}`);
  }
  return out.join("\n");
}

function isError(value: unknown): value is Error & { cause?: unknown } {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}
