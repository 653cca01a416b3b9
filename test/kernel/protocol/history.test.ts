/** The history file: append-only, shared by sessions, bounded, and not disturbed by what is foreign in it. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { globMatcher } from "../../../kernel/protocol/glob.js";
import { History, historyPath } from "../../../kernel/protocol/history.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-history-"));
  path = join(folder, "deep/history.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the history file", () => {
  test("grows by one line an input, readable by its owner only", () => {
    const history = new History(path);
    history.append(1, "a\nb");
    const before = readFileSync(path, "utf8");
    history.append(2, "c");
    expect(readFileSync(path, "utf8")).toBe(`${before}[1,2,"c"]\n`);
    expect(before).toBe('[1,1,"a\\nb"]\n');
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test("numbers the sessions, also of two at once", () => {
    const [one, two] = [new History(path), new History(path)];
    one.append(1, "one");
    two.append(1, "two");
    one.append(2, "one again");
    expect(one.range(0, 0, undefined).map(([, , input]) => input)).toEqual(["one", "one again"]);
    expect(two.range(0, 0, undefined)).toEqual([[2, 1, "two"]]);
    expect(new History(path).range(-2, 2, undefined)).toEqual([[1, 2, "one again"]]);
    expect(new History(path).range(1, 1, 2)).toEqual([[1, 1, "one"]]);
  });

  test("passes over torn and foreign lines", () => {
    new History(path).append(1, "kept");
    appendFileSync(path, '[1,2,"torn\n{"a":1}\n[1,"x","y"]\n\n[1,3,"also kept"]\n');
    expect(new History(path).tail(9).map(([, , input]) => input)).toEqual(["kept", "also kept"]);
  });

  test("is bounded", () => {
    const history = new History(path, 10);
    for (let line = 1; line <= 25; line++) history.append(line, `cell ${line}`);
    expect(history.tail(99)).toHaveLength(10);
    expect(new History(path, 10).tail(99).map(([, line]) => line)).toEqual([
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    ]);
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(10);
  });

  test("that cannot be written is kept in memory", () => {
    writeFileSync(join(folder, "file"), "");
    const history = new History(join(folder, "file/history.jsonl"));
    history.append(1, "kept");
    expect(history.tail(1)).toEqual([[1, 1, "kept"]]);
  });

  test("lies where the environment says", () => {
    expect(historyPath({ JESSL_HISTORY: "/h" })).toBe("/h");
    expect(historyPath({ XDG_DATA_HOME: "/x" })).toBe("/x/jessl/history.jsonl");
  });
});

describe("globs", () => {
  test.each([
    ["*", "", true],
    ["a*c", "abbc", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["abc", "abcd", false],
    ["[ab]c", "bc", true],
    ["[a-c]d", "cd", true],
    ["[^a-c]d", "cd", false],
    ["[]x]", "]", true],
    ["a[b", "a[b", true],
    ["6 [*] 7", "6 * 7", true],
    ["*\n*", "a\nb", true],
  ])("%j against %j: %s", (pattern, text, wanted) => {
    expect(globMatcher(pattern)(text)).toBe(wanted);
  });

  test("agree with the same as a regular expression", () => {
    const piece = fc.constantFrom("a", "b", "*", "?");
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.array(fc.constantFrom("a", "b"), { maxLength: 8 }),
        (p, t) => {
          const expression = new RegExp(`^${p.join("").replaceAll("*", "[ab]*").replaceAll("?", "[ab]")}$`);
          expect(globMatcher(p.join(""))(t.join(""))).toBe(expression.test(t.join("")));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("take no exponential time", () => {
    expect(globMatcher(`${"*a".repeat(30)}b`)("a".repeat(10_000))).toBe(false);
  });
});
