/** Whoever waits for an evaluation is told what is in work, and how much is done. */
import { expect, test } from "vitest";
import { take } from "../../src/data/dataset.js";
import { fashionMnist } from "../../src/data/fashion-mnist.js";
import { evaluatePixels, partsOfEvaluation } from "../../src/evaluate/evaluate.js";
import { counted, type EvaluationProgress, sections, under } from "../../src/evaluate/progress.js";

test("parts follow one another, each from nothing to all of it", async () => {
  const told: EvaluationProgress[] = [];
  const [train, test] = [take(fashionMnist("train"), 600), take(fashionMnist("test"), 300)];
  const total = partsOfEvaluation({ mlp: true }) - 1;
  const part = under(
    "raw pixels",
    counted(total, (progress) => told.push(progress)),
  );
  const loud = await evaluatePixels(train, test, { mlp: { epochs: 2 }, part });
  expect([...new Set(told.map((progress) => progress.part))]).toEqual([
    "raw pixels · kNN",
    "raw pixels · linear probe",
    "raw pixels · MLP probe",
  ]);
  const done = told.map((progress) => progress.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect([done[0], done.at(-1)]).toEqual([0, total]);
  // Nothing is told twice.
  expect(new Set(told.map((progress) => `${progress.part} ${progress.done}`)).size).toBe(told.length);
  // Within a part it is told too.
  for (let at = 1; at < total; at++) expect(done.some((value) => value > at && value < at + 1)).toBe(true);
  expect(await evaluatePixels(train, test, { mlp: { epochs: 2 } })).toEqual(loud);
});

test("a section is told of the part", () => {
  const shares: number[] = [];
  const [, second] = sections((share) => shares.push(share), 1, 1);
  for (const share of [0, 0.5, 2]) second(share);
  expect(shares).toEqual([0.5, 0.75, 1]);
});
