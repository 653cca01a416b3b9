/**
 * What the guides say is so: their links lead somewhere, their TypeScript is that of the package, their configurations
 * are read, and their commands and options exist.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import type { Command } from "commander";
import ts from "typescript";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createCli } from "../../src/cli/main.js";
import { packageRoot, readConfig, readSweep } from "../../src/index.js";
import { methodSchema } from "../../src/train/config/method.js";
import { parseConfig } from "../../src/train/config/parse.js";
import { type CodeBlock, keptFiles, readMarkdown } from "./markdown.js";

const documents = keptFiles(".md").map(readMarkdown);
const guides = documents.filter(({ path }) =>
  /^(docs\/|README|CONTRIBUTING|FEATURES|reproductions\/)/.test(path),
);

/** Each block in a language, with the place it stands at. */
function blocksOf(...languages: string[]): [string, CodeBlock][] {
  return guides.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language }) => languages.includes(language))
      .map((block): [string, CodeBlock] => [`${path}:${block.line}`, block]),
  );
}

test("links lead to files and headings that exist", () => {
  const anchors = new Map(documents.map((document) => [document.path, document.anchors]));
  const broken: string[] = [];
  for (const { path, links } of documents)
    for (const link of links) {
      if (/^(https?|mailto):/.test(link)) continue;
      const [file = "", anchor] = decodeURI(link).split("#");
      const target = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(packageRoot, target))) broken.push(`${path}: ${link}: no such file`);
      else if (anchor !== undefined && anchors.has(target) && !anchors.get(target)!.has(anchor))
        broken.push(`${path}: ${link}: no such heading`);
    }
  expect(broken).toEqual([]);
  expect(documents.flatMap(({ links }) => links).length).toBeGreaterThan(20);
});

test("every feature that is here names tests that exist", () => {
  const rows = readFileSync(join(packageRoot, "FEATURES.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.endsWith("| shown by |"))
    .map((line) => line.split("|").slice(1, -1));
  const faults = rows.flatMap((cells) => {
    const [ours, shown] = cells.slice(-2).map((cell) => cell.trim()) as [string, string];
    if (shown === "") return ours === "–" ? [] : [`${cells[0]}: no test`];
    const files = shown.split(", ");
    // A file's name alone is of the folder of the one before.
    const paths = files.map((file, i) =>
      file.startsWith("test/") ? file : join(dirname(files[i - 1]!), file),
    );
    return paths.filter((path) => !existsSync(join(packageRoot, path))).map((path) => `${cells[0]}: ${path}`);
  });
  expect(faults).toEqual([]);
  expect(rows.length).toBeGreaterThan(60);
});

test("every guide is in the list of guides", () => {
  const listed = readMarkdown("docs/README.md").links;
  const all = keptFiles(".md").filter((name) => /^docs\/[^/]+\.md$/.test(name) && name !== "docs/README.md");
  for (const name of all) expect(listed).toContain(name.slice("docs/".length));
});

test("TypeScript in the guides is that of the package", () => {
  const blocks = blocksOf("ts");
  expect(blocks.length).toBeGreaterThan(8);
  const folder = join(packageRoot, "test/docs");
  const sources = new Map(
    blocks.map(([place, { text, given }], i): [string, { place: string; text: string }] => [
      join(folder, `block${i}.ts`),
      {
        place,
        text: `${given === "" ? "" : `declare ${given.replaceAll("; const ", "; declare const ")};`} export {};\n${text}\n`,
      },
    ]),
  );
  const { config } = ts.readConfigFile(join(packageRoot, "tsconfig.json"), (path) =>
    ts.sys.readFile(path),
  ) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, packageRoot, {
    noEmit: true,
    incremental: false,
    noUnusedLocals: false,
    noUncheckedIndexedAccess: false,
    verbatimModuleSyntax: false,
    paths: {
      jessl: [join(packageRoot, "src/index.ts")],
      "jessl/kernel": [join(packageRoot, "kernel/index.ts")],
    },
  });
  delete options.tsBuildInfoFile;
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) => {
    const own = sources.get(normalize(name));
    return own ? ts.createSourceFile(name, own.text, version) : read(name, version);
  };
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => sources.has(normalize(name)) || exists(name);
  const program = ts.createProgram([...sources.keys()], options, host);
  const faults = [...sources].flatMap(([name, { place }]) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
  expect(faults).toEqual([]);
}, 240_000);

test("the sweep of the guide to methods has every method, three seeds each", () => {
  const { runs } = readSweep(join(packageRoot, "sweeps/methods.yaml"));
  const methods = runs.map(({ config: { method } }) => method.name);
  const names = methodSchema.options.map((option) => option.shape.name.value);
  expect(methods.sort()).toEqual(names.flatMap((name) => [name, name, name]).sort());
});

test("YAML in the guides is a configuration or a sweep", () => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-docs-"));
  try {
    for (const [place, { text }] of blocksOf("yaml")) {
      const value = parse(text) as Record<string, unknown>;
      const isSweep = "grid" in value || "runs" in value;
      const file = join(folder, "sweep.yaml");
      if (isSweep) writeFileSync(file, text);
      expect(() => (isSweep ? readSweep(file, []) : parseConfig(value)), place).not.toThrow();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A command line as a shell would split it, without a comment. */
function words(line: string): string[] {
  const all = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  const end = all.findIndex((word) => /^(#|&&|\||>|;)/.test(word));
  return all.slice(0, end < 0 ? all.length : end).map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
}

/** What is wrong with the arguments of `jessl`, if anything. */
function fault(args: readonly string[]): string | undefined {
  let command: Command = createCli();
  const rest = [...args];
  for (let next: Command | undefined; rest.length > 0; command = next) {
    next = command.commands.find((each) => each.name() === rest[0]);
    if (!next) break;
    rest.shift();
  }
  if (
    command.commands.length > 0 &&
    rest[0] !== undefined &&
    !rest[0].startsWith("-") &&
    !command.registeredArguments.length
  )
    return `no command ${rest[0]}`;
  for (const word of rest.filter((each) => /^--?[a-z]/.test(each))) {
    const flag = word.split("=")[0]!;
    const known = [...command.options, ...createCli().options].some(
      ({ long, short }) => flag === long || flag === short,
    );
    if (!known && flag !== "--help") return `no option ${flag}`;
  }
  const overrides = rest.filter((word) => /^[a-z][\w.]*=/i.test(word));
  if (command.name() === "train" && overrides.length > 0)
    try {
      readConfig(undefined, overrides);
    } catch (error) {
      return (error as Error).message;
    }
  return undefined;
}

test("commands in the guides exist, with their options and overrides", () => {
  const faults: string[] = [];
  let seen = 0;
  for (const [place, { text }] of blocksOf("sh"))
    for (const line of text.replaceAll("\\\n", " ").split("\n")) {
      const args = words(line.replace(/^\$ /, "").replace(/^npx (--no-install )?/, ""));
      if (args[0] !== "jessl") continue;
      seen++;
      const wrong = fault(args.slice(1));
      if (wrong !== undefined) faults.push(`${place}: ${line.trim()}: ${wrong}`);
    }
  expect(faults).toEqual([]);
  expect(seen).toBeGreaterThan(20);
});
