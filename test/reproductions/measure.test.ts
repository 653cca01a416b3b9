/** What rows are asked: the tasks of each data set, the scenes' continuous factors in parts among them. */
import { expect, test } from "vitest";
import { parts, splitsOf } from "../../reproductions/support/measure.js";
import { parseConfig } from "../../src/train/config/parse.js";

const scenes = parseConfig({ data: { name: "scenes", count: 900 } });

test("labelled images have one task; scenes one for each factor, the shape first", async () => {
  const fashion = await splitsOf(parseConfig({ data: { name: "fashion-mnist", train: 100 } }));
  expect(fashion.tasks.map(({ name }) => name)).toEqual(["class"]);
  const { tasks } = await splitsOf(scenes);
  expect(tasks.map(({ name }) => name)).toEqual([
    "shape",
    "colour",
    "count",
    "background",
    "position",
    "scale",
  ]);
  for (const { train, test: held } of tasks) expect([train.length, held.length]).toEqual([900, 2000]);
});

test("scales are cut into quarters of the training images, with the same cuts for the test images", async () => {
  const { tasks } = await splitsOf(scenes);
  const { train, test: held } = tasks.find(({ name }) => name === "scale")!;
  const shares = (labels: Int32Array, classes: number): number[] =>
    Array.from({ length: classes }, (_, c) => labels.filter((label) => label === c).length / labels.length);
  for (const share of shares(train, 4)) expect(share).toBeCloseTo(0.25, 2);
  for (const share of shares(held, 4)) expect(Math.abs(share - 0.25)).toBeLessThan(0.05);
  const position = tasks.find(({ name }) => name === "position")!.train;
  for (const share of shares(position, 9)) expect(Math.abs(share - 1 / 9)).toBeLessThan(0.04);
});

test("a value at a cut lies in the upper part; values beyond all of them lie in the last", () => {
  const all = Float32Array.of(0, 1, 2, 3, 4, 5);
  expect([...parts(Float32Array.of(-1, 1.9, 2, 4, 99), all, 3)]).toEqual([0, 0, 1, 2, 2]);
});
