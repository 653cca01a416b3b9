/** The parts of Markdown that tests look at: links, anchors of headings, code blocks. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/index.js";

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** What an HTML comment before the block declares for it: `<!-- given: const x: number -->`. */
  readonly given: string;
}

export interface Markdown {
  /** From the repository's root. */
  readonly path: string;
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
  readonly blocks: readonly CodeBlock[];
}

/** The names of files that git keeps, or would keep, and that end so. */
export function keptFiles(ending: string): string[] {
  const list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: packageRoot,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  return list.split("\n").filter((name) => name.endsWith(ending));
}

/** As GitHub makes them: lower case, without punctuation, spaces as hyphens. */
function anchorOf(heading: string): string {
  const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return plain
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

/** Reads a file of Markdown. */
export function readMarkdown(path: string): Markdown {
  const links: string[] = [];
  const anchors = new Set<string>();
  const blocks: CodeBlock[] = [];
  let open: { language: string; lines: string[]; line: number; given: string } | undefined;
  let given = "";
  for (const [i, line] of readFileSync(join(packageRoot, path), "utf8").split("\n").entries()) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence) {
      if (open) blocks.push({ ...open, text: open.lines.join("\n") });
      open = open ? undefined : { language: fence[1]!, lines: [], line: i + 1, given };
      given = "";
      continue;
    }
    if (open) {
      open.lines.push(line);
      continue;
    }
    const declared = /^<!-- given: (.*) -->$/.exec(line);
    if (declared) given = declared[1]!;
    const heading = /^#+ (.*)$/.exec(line);
    if (heading) anchors.add(anchorOf(heading[1]!));
    const prose = line.replace(/`[^`]*`/g, "");
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) links.push(target!);
  }
  return { path, links, anchors, blocks };
}
