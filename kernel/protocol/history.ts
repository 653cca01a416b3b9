/**
 * The history of inputs, kept between sessions: one append-only file of JSON lines, `[session, line, input]`.
 * Appending one line is atomic enough for several kernels at once; a line that is torn or foreign is passed over.
 * The file is bounded: when it holds more than twice `limit` entries at start, the newest `limit` are kept.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { integer } from "./content.js";
import { globMatcher } from "./glob.js";
import type { Json } from "./wire.js";

/** One input: the session it belongs to, the execution count and the code. */
export type Entry = [session: number, line: number, input: string];

/** Where the history lies: `JESSL_HISTORY`, or `jessl/history.jsonl` in the user's data folder. */
export function historyPath(env: NodeJS.ProcessEnv = process.env): string {
  return (
    env.JESSL_HISTORY ||
    join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "jessl", "history.jsonl")
  );
}

/** The history of this session and of those before it. */
export class History {
  private readonly path: string;
  private readonly limit: number;
  private past: Entry[] | undefined;
  private own: Entry[] = [];
  private session = 0;

  constructor(path: string, limit = 10_000) {
    this.path = path;
    this.limit = limit;
  }

  /** Records an input; a folder that cannot be written does not disturb the session. */
  append(line: number, input: string): void {
    const entries = this.load();
    if (this.own.length === 0) {
      // Read again: another kernel may have begun a session since.
      this.session = Math.max(0, ...entries.map(([session]) => session)) + 1;
    }
    const entry: Entry = [this.session, line, input];
    this.own.push(entry);
    if (this.own.length > this.limit) this.own.shift();
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      appendFileSync(this.path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch {
      // Kept in memory only.
    }
  }

  /** Inputs `start` up to, not including, `stop` of a session: 0 is this one, -1 the one before. */
  range(session: number, start: number, stop: number | undefined): Entry[] {
    const past = this.load();
    const current = this.own.length > 0 ? this.session : Math.max(0, ...past.map(([number]) => number)) + 1;
    const wanted = session <= 0 ? current + session : session;
    return this.all().filter(
      ([number, line]) => number === wanted && line >= start && (stop === undefined || line < stop),
    );
  }

  /** The last `count` inputs. */
  tail(count: number): Entry[] {
    return count <= 0 ? [] : this.all().slice(-count);
  }

  /** The last `count` inputs that match a glob (`*`, `?` and `[…]`); with `unique`, each input once, at its last place. */
  search(pattern: string, count: number | undefined, unique: boolean): Entry[] {
    const matches = globMatcher(pattern);
    let found = this.all().filter(([, , input]) => matches(input));
    if (unique) found = [...new Map(found.map((entry) => [entry[2], entry])).values()].sort(byPlace);
    return count === undefined ? found : this.lastOf(found, count);
  }

  /** The content of `history_reply` for that of a request. */
  reply(content: Json): Json {
    const kind = content.hist_access_type;
    const count = integer(content, "n");
    const entries =
      kind === "range"
        ? this.range(
            integer(content, "session") ?? 0,
            integer(content, "start") ?? 0,
            integer(content, "stop"),
          )
        : kind === "search"
          ? this.search(String(content.pattern ?? "*"), count, content.unique === true)
          : this.tail(count ?? 100);
    const output = content.output === true;
    return {
      status: "ok",
      history: entries.map(([session, line, input]) => [session, line, output ? [input, null] : input]),
    };
  }

  private lastOf(entries: Entry[], count: number): Entry[] {
    return count <= 0 ? [] : entries.slice(-count);
  }

  private all(): Entry[] {
    return [...this.load(), ...this.own];
  }

  private load(): Entry[] {
    if (this.own.length > 0 && this.past !== undefined) return this.past;
    let text = "";
    try {
      text = readFileSync(this.path, "utf8");
    } catch {
      // No history yet.
    }
    const entries = text.split("\n").flatMap(parseEntry);
    this.past = entries.slice(-this.limit);
    if (entries.length > 2 * this.limit) this.rewrite(this.past);
    return this.past;
  }

  private rewrite(entries: Entry[]): void {
    try {
      const temporary = `${this.path}.${process.pid}.tmp`;
      writeFileSync(temporary, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), {
        mode: 0o600,
      });
      renameSync(temporary, this.path);
    } catch {
      // Left as it is.
    }
  }
}

function parseEntry(line: string): Entry[] {
  if (line === "") return [];
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value)) return [];
    const [session, number, input] = value as unknown[];
    return Number.isInteger(session) && Number.isInteger(number) && typeof input === "string"
      ? [[session as number, number as number, input]]
      : [];
  } catch {
    return [];
  }
}

function byPlace(a: Entry, b: Entry): number {
  return a[0] - b[0] || a[1] - b[1];
}
