/**
 * The scripts of cells that V8 knows, and how their lines and those of the user's TypeScript correspond. Every cell is
 * run with its source map, which holds its text; a cell's path is made of the hash of that text, as a front end makes it.
 */
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { murmur2 } from "./murmur2.js";

/** What the path of a cell begins and ends with; the hash is between. */
export const cellPath = { prefix: join(tmpdir(), `jessl_${process.pid}`) + sep, suffix: ".ts" };

/** The path by which a front end knows a cell. */
export function pathOfCell(code: string): string {
  return `${cellPath.prefix}${murmur2(code)}${cellPath.suffix}`;
}

/** A place in a script or a source; line and column count from 0. */
export interface Place {
  line: number;
  column: number;
}

interface Script {
  id: string;
  path: string;
  code: string;
  map: SourceMap;
}

/** The scripts of cells. */
export class Scripts {
  private readonly known = new Map<string, Script>();

  /** Takes a script that V8 has parsed; false if it is no cell. */
  add(id: string, url: string, mapUrl: string | undefined): boolean {
    const prefix = "data:application/json;base64,";
    if (!/^cell-\d+\.ts$/.test(url) || !mapUrl?.startsWith(prefix)) return false;
    const map = JSON.parse(Buffer.from(mapUrl.slice(prefix.length), "base64").toString("utf8"));
    const code = String(map.sourcesContent?.[0] ?? "");
    this.known.set(id, { id, path: pathOfCell(code), code, map: new SourceMap(map) });
    return true;
  }

  get(id: string): Script | undefined {
    return this.known.get(id);
  }

  /** The scripts of the cell with this path. */
  at(path: string): Script[] {
    return [...this.known.values()].filter((script) => script.path === path);
  }

  /** A place in a script as one in the cell. */
  original({ map }: Script, { line, column }: Place): Place | undefined {
    const entry = map.findEntry(line, column);
    return "originalLine" in entry ? { line: entry.originalLine, column: entry.originalColumn } : undefined;
  }

  /** The first place of a script that belongs to a line of the cell, or to the next one that has any code. */
  generated({ map }: Script, line: number, text: string): (Place & { original: number }) | undefined {
    let best: (Place & { original: number }) | undefined;
    for (const [number, row] of text.split("\n").entries())
      for (let column = 0; column < row.length; column += 1) {
        const entry = map.findEntry(number, column);
        // Only where a mapping begins.
        if (!("originalLine" in entry) || entry.generatedLine !== number || entry.generatedColumn !== column)
          continue;
        const { originalLine: original } = entry;
        if (original < line || (best !== undefined && original >= best.original)) continue;
        best = { line: number, column, original };
      }
    return best;
  }
}
