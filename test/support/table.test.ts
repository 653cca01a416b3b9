import { expect, test } from "vitest";
import { markdownTable, textTable } from "../../src/support/table.js";

const columns = [{ title: "task" }, { title: "kNN" }, { title: "note", align: "left" as const }];
const rows = [
  ["shape", 83.2, "a | b"],
  ["colour of it", 7, undefined],
];

test("text: columns are aligned, nothing trails", () => {
  expect(textTable(columns, rows)).toBe(
    [
      "task           kNN  note",
      "─────────────────────────",
      "shape         83.2  a | b",
      "colour of it     7",
    ].join("\n"),
  );
});

test("Markdown: numbers to the right, bars escaped", () => {
  expect(markdownTable(columns, rows)).toBe(
    [
      "| task         |  kNN | note   |",
      "| ------------ | ---: | ------ |",
      "| shape        | 83.2 | a \\| b |",
      "| colour of it |    7 |        |",
    ].join("\n"),
  );
});
