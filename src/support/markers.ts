/** Generated parts of Markdown files, between `<!-- name:begin -->` and `<!-- name:end -->`. */
import { readFileSync } from "node:fs";
import { writeFileAtomic } from "./atomic.js";
import { DataError } from "./errors.js";

/** The text with what stands between the markers replaced. @throws DataError when a marker is missing */
export function replaceMarked(text: string, name: string, content: string, file = "text"): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new DataError(`${file}: expected ${begin} and ${end} in it, found not both`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

/** Replaces a marked part of a file. */
export function updateMarked(file: string, name: string, content: string): void {
  writeFileAtomic(file, replaceMarked(readFileSync(file, "utf8"), name, content, file));
}
