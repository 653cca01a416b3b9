/** A run evaluated: between epochs, at its end, and beside the untrained encoder of its seed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { evaluationTable } from "../../src/cli/evaluate.js";
import { evaluateEncoder } from "../../src/evaluate/evaluate.js";
import { readConfig } from "../../src/train/config/parse.js";
import { createDataset } from "../../src/train/dataset.js";
import { loadEncoder, untrainedEncoder } from "../../src/train/encoder.js";
import { evaluateRun, readEvaluation } from "../../src/train/evaluation.js";
import { readLines } from "../../src/train/run-folder.js";
import { trainEncoder } from "../../src/train/train.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-evaluation-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("metrics of every second epoch, evaluation.json, and a table", async () => {
  const config = readConfig(undefined, [
    "name=run",
    "data.train=200",
    "batch=50",
    "epochs=2",
    "evaluateEvery=2",
    "encoder.widths=[4,8]",
    "projector=8-8",
    "optimiser.lr=0.01",
  ]);
  const { encoder } = await trainEncoder(config, { runs: folder });
  const path = join(folder, "run");
  const lines = readLines(join(path, "metrics.jsonl"));
  expect(lines.map((line) => "knn" in line)).toEqual([false, false, false, false, false, false, false, true]);

  expect(readEvaluation(path)).toBeUndefined();
  const evaluation = await evaluateRun(path);
  expect(readEvaluation(path)).toEqual(evaluation);
  const [train, held] = [await createDataset(config, "train"), await createDataset(config, "test")];
  expect(await evaluateEncoder(encoder, train, held)).toEqual(evaluation.trained);
  expect(await evaluateEncoder(await loadEncoder(path), train, held)).toEqual(evaluation.trained);
  const untrained = await untrainedEncoder(config, train);
  expect(await evaluateEncoder(untrained, train, held)).toEqual(evaluation.untrained);
  expect(lines.at(-1)!.knn).toBe(evaluation.trained.knn);
  expect(lines.at(-1)!.effectiveRank).toBe(evaluation.trained.effectiveRank);
  for (const { knn, linear } of [evaluation.trained, evaluation.untrained]) {
    expect(knn).toBeGreaterThan(0.2);
    expect(linear).toBeGreaterThan(0.2);
  }
  expect(evaluation.untrained).not.toEqual(evaluation.trained);
  const percent = (100 * evaluation.trained.linear).toFixed(1);
  expect(evaluationTable(evaluation)).toMatch(new RegExp(`this encoder .* ${percent} `));
});
