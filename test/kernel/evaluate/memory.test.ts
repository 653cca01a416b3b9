/** What the language service keeps from cell to cell: parsed packages, and nothing that grows with the session. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import { complete } from "../../../kernel/evaluate/language/assist.js";
import { compile } from "../../../kernel/evaluate/language/compile.js";
import { NotebookLanguage } from "../../../kernel/evaluate/language/service.js";
import { Tidy } from "../../../kernel/evaluate/language/tidy.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const used = () => getHeapStatistics().used_heap_size / 2 ** 20;
const language = new NotebookLanguage(folder);

test("the files of a package are parsed once, though cells with and without it take turns", () => {
  const parsed = () => language.service.getProgram()!.getSourceFiles();
  compile(language, 'import { mean } from "simple-statistics";');
  expect(compile(language, 'import { median } from "simple-statistics"; median([1, 2]);').ok).toBe(true);
  const [first] = parsed().filter(({ fileName }) => fileName.includes("/simple-statistics/"));
  expect(first).toBeDefined();
  compile(language, "1 + 1");
  expect(parsed()).not.toContain(first);
  compile(language, "median([3])");
  expect(parsed()).toContain(first);
});

test("the same text again is the same program", () => {
  complete(language, "Math.s", 6);
  const program = language.service.getProgram();
  complete(language, "Math.s", 5);
  expect(language.service.getProgram()).toBe(program);
  complete(language, "Math.c", 6);
  expect(language.service.getProgram()).not.toBe(program);
});

test("what is alive does not grow with the number of cells", { timeout: 120_000 }, () => {
  const cell = (i: number) =>
    compile(language, `const row = { i: ${i} }; function f(x: number) { return x + row.i } f(${i})`);
  for (let i = 0; i < 60; i += 1) expect(cell(i).ok).toBe(true);
  collect();
  const before = used();
  for (let i = 60; i < 360; i += 1) cell(i);
  collect();
  // 300 cells that stayed, with their checkers, would be hundreds of megabytes; with their texts and trees, tens.
  expect(used() - before).toBeLessThan(4);
});

test("garbage is collected when it is a quarter of what is alive", () => {
  const tidy = new Tidy();
  tidy.perhaps();
  const alive = used();
  let garbage: unknown[] = [];
  const fill = (megabytes: number) => {
    for (let i = 0; i < megabytes * 8; i += 1) garbage.push(new Array<number>(2 ** 14).fill(i));
  };
  fill(Math.max(24, alive / 4) + 16);
  garbage = [];
  tidy.perhaps();
  expect(used() - alive).toBeLessThan(8);
});
