/** Rows survive an interruption at any moment, and are found by what decides them. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { codeHash, commit } from "../../reproductions/support/code.js";
import { RowStore, rowKey } from "../../reproductions/support/row-store.js";

test("rows are found again, a line cut short by a kill is not", () => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-rows-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "deep", "rows.jsonl");
  const store = new RowStore<{ linear: number }>(path);
  store.add("a", { linear: 1 });
  store.add("b", { linear: 2 });
  expect(JSON.parse(readFileSync(path, "utf8").split("\n")[0]!).made).toMatchObject({
    code: codeHash(),
    commit: commit(),
  });
  appendFileSync(path, '{"key":"c","row":{"lin');
  const again = new RowStore<{ linear: number }>(path);
  expect([again.get("a"), again.get("b"), again.get("c")]).toEqual([{ linear: 1 }, { linear: 2 }, undefined]);
  again.add("d", { linear: 4 });
  expect(new RowStore(path).get("d")).toEqual({ linear: 4 });
});

test("keys: equal for equal parts, different for any other", () => {
  const parts = { kind: "trained", config: { seed: 1, batch: 16 }, measureOn: "test" };
  expect(rowKey(structuredClone(parts))).toBe(rowKey(parts));
  expect(rowKey({ ...parts, measureOn: "validation" })).not.toBe(rowKey(parts));
  expect(rowKey({ ...parts, config: { seed: 2, batch: 16 } })).not.toBe(rowKey(parts));
  expect(codeHash()).toMatch(/^[0-9a-f]{16}$/);
});
