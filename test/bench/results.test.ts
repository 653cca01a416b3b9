/** Rows of the bench: merging, reading, tables. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { median, mergeRows, type Row, readResults, saveRows } from "../../bench/results.js";
import {
  benchTable,
  markdownTables,
  markers,
  replaceBetweenMarkers,
  writeReadme,
} from "../../bench/table.js";

const row: Row = {
  work: "convnet",
  device: "cpu",
  ours_ms: 300,
  peer: "pytorch default",
  peer_version: "PyTorch 2.15.0",
  peer_ms: 450,
  ratio: 1.5,
  gflops: 150,
  gemm_gflops: 200,
  peak_mb: 600,
  peer_peak_mb: 1200,
  idle_mb: 100,
  peer_idle_mb: 500,
  date: "2026-11-24T10:00:00.000Z",
  cpu: "a processor",
  threads: 2,
  rounds: 7,
  version: "jessl 0.1.0",
  first_ms: 1000,
  peer_first_ms: 1500,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-bench-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a new row replaces the one of its work, device, peer and processor, and no other", () => {
  const others = [
    { ...row, work: "vit-tiny" },
    { ...row, device: "webgpu" },
    { ...row, peer: "pytorch compile" },
    { ...row, cpu: "another" },
  ];
  const fresh = { ...row, ours_ms: 200 };
  expect(mergeRows([row, ...others], [fresh])).toEqual([fresh, ...others]);
});

test("rows are saved one a line and read back; a damaged file is a clear error", () => {
  const path = join(folder, "results.json");
  expect(readResults(path)).toEqual([]);
  saveRows([row], path);
  saveRows(
    [
      { ...row, work: "vit-tiny" },
      { ...row, ours_ms: 250 },
    ],
    path,
  );
  expect(readResults(path)).toEqual([
    { ...row, ours_ms: 250 },
    { ...row, work: "vit-tiny" },
  ]);
  expect(readFileSync(path, "utf8").split("\n")).toHaveLength(5);
  writeFileSync(path, "[{");
  expect(() => readResults(path)).toThrow(/results\.json: expected JSON/);
  writeFileSync(path, JSON.stringify([{ ...row, ratio: "fast" }]));
  expect(() => readResults(path)).toThrow(/results\.json: expected rows of the bench/);
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])("the median of %j is %d", (values, middle) => {
  expect(median(values)).toBe(middle);
});

test("tables: works in their order, our side once a measurement, the share of the peak", () => {
  const rows = [{ ...row, work: "convnet-small" }, row, { ...row, peer: "pytorch compile", ratio: 1.25 }];
  const [, rule, ...lines] = benchTable(rows).split("\n");
  expect(rule).toMatch(/^─+$/);
  const cells = lines.map((line) => line.split(/ {2,}/).filter((cell) => cell !== ""));
  const own = ["300 ms", "150 (75 %)", "600 MiB", "pytorch default", "450 ms", "1,200 MiB", "1.50"];
  expect(cells).toEqual([
    ["ConvNet, 128 × 2 of 32²", ...own],
    ["pytorch compile", "450 ms", "1,200 MiB", "1.25"],
    ["ConvNet, 16 × 2 of 28² grey", ...own],
  ]);
  const markdown = markdownTables([...rows, { ...row, cpu: "another" }]);
  expect(markdown).toContain("a processor; 2 threads; device cpu. 2026-11-24. jessl 0.1.0; PyTorch 2.15.0.");
  expect(markdown).toContain("another; 2 threads");
  expect(markdown).toMatch(/^\|( +\|){4} pytorch compile +\|/m);
});

test("the README's table goes between its markers, again and again", () => {
  const path = join(folder, "README.md");
  writeFileSync(path, `# A\n${markers.begin}\nold\n${markers.end}\nafter\n`);
  writeReadme([row], path);
  writeReadme([row], path);
  const text = readFileSync(path, "utf8");
  expect(text).toBe(`# A\n${markers.begin}\n${markdownTables([row])}\n${markers.end}\nafter\n`);
  expect(() => replaceBetweenMarkers("no markers", "x", "README.md")).toThrow(
    /README\.md: expected the lines/,
  );
});
