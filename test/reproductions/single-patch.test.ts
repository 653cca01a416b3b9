/** The rule of single-patch in code, and its figures of the course. */
import { expect, test } from "vitest";
import { mainConditions, names, variationsOf } from "../../reproductions/single-patch/conditions.js";
import { singlePatch } from "../../reproductions/single-patch/protocol.js";
import { courseOf, lossParts } from "../../reproductions/support/course.js";
import type { Row } from "../../reproductions/support/protocol.js";
import { rowKey } from "../../reproductions/support/row-store.js";
import { packageRoot } from "../../src/support/package.js";
import { parseConfig } from "../../src/train/config/parse.js";
import { createDataset } from "../../src/train/dataset.js";
import { loadNegatives } from "../../src/train/negatives.js";
import { fakeLaboratory } from "./fake-laboratory.js";
import { row } from "./rows.js";

interface Case {
  readonly dataset?: string;
  /** Points of kNN over the better untrained encoder. */
  readonly untrained: number;
  /** Points over no negative at all. */
  readonly none: number;
  readonly noneLinear?: number;
  readonly jitter?: number;
  readonly seeds?: readonly number[];
}

function rows({
  dataset = "fashion-mnist",
  untrained,
  none,
  noneLinear = none,
  jitter = 0.1,
  seeds = [1, 2, 3],
}: Case): Row[] {
  return [
    row("tuning", 0, 70, { dataset, sigma: 1, temperature: 0.1 }),
    ...seeds.flatMap((seed) => {
      const main = 70 + seed * (1 + jitter);
      return [
        row("untrained", seed, 70 + seed - untrained, { dataset, knn: 70 + seed - untrained }),
        row("untrained, statistics of the data", seed, 50, { dataset, knn: 50 }),
        row(names.main, seed, main, { dataset, knn: main, sigma: 1, temperature: 0.1, copies: 64 }),
        row(names.none, seed, 70 + seed - noneLinear, { dataset, knn: 70 + seed - none }),
      ];
    }),
  ];
}

const verdict = (example: Case): string => singlePatch.conclude(rows(example), "quick").verdict;

test("holds: surely above the untrained encoder and above no negative", () => {
  expect(verdict({ untrained: 2, none: 2 })).toBe("holds");
});

test("in part: above no negative alone", () => {
  expect(verdict({ untrained: -1, none: 2 })).toBe("holds in part");
  expect(verdict({ untrained: 2, none: 2, noneLinear: -1 })).toBe("holds in part");
});

test("does not hold: no better than without a negative, or not surely", () => {
  expect(verdict({ untrained: 3, none: -1 })).toBe("does not hold at this scale");
  expect(verdict({ untrained: 3, none: 0.5, jitter: 1, seeds: [-1, 0, 1] })).toBe(
    "does not hold at this scale",
  );
});

test("CIFAR-10 must gain 4, 4 and 3 points", () => {
  const dataset = "CIFAR-10 (JPEG copy)";
  expect(verdict({ dataset, untrained: 4, none: 4, noneLinear: 3 })).toBe("holds");
  expect(verdict({ dataset, untrained: 3, none: 4, noneLinear: 3 })).toBe("holds in part");
  expect(verdict({ dataset, untrained: 4, none: 3, noneLinear: 3 })).toBe("holds in part");
  expect(verdict({ dataset, untrained: 4, none: 4, noneLinear: 2 })).toBe("holds in part");
});

test("one seed decides nothing", () => {
  expect(verdict({ untrained: 9, none: 9, seeds: [1] })).toBe("not decided");
});

test("a course is at most thirty means over stretches of equal length; its loss is the sum of its parts", () => {
  const steps = Array.from({ length: 95 }, (_, i) => ({
    step: i + 1,
    epoch: (i + 1) / 10,
    loss: i,
    rank: 2,
    std: 1,
    alignment: 0.5,
  }));
  const points = courseOf(steps);
  expect(points).toHaveLength(24);
  expect(points[0]).toEqual({ epoch: 0.4, loss: 1.5, rank: 2, alignment: 0.5 });
  expect(points.at(-1)).toEqual({ epoch: 9.5, loss: 93, rank: 2, alignment: 0.5 });
  expect(lossParts(points[0]!, 0.1)).toEqual({ attraction: -5, repulsion: 6.5 });
  expect(courseOf(steps.map(({ alignment: _, ...rest }) => rest))[0]).not.toHaveProperty("alignment");
});

test("figures: those of the course only where there is one, of the views only where these vary", () => {
  const points = [{ epoch: 1, loss: 3, rank: 2, alignment: 0.5 }];
  const courses = [{ condition: names.main, dataset: "fashion-mnist", seed: 1, temperature: 0.1, points }];
  const own = rows({ untrained: 2, none: 2 });
  const drawn = (all: Row[], given: typeof courses) =>
    singlePatch.conclude(all, "quick", given).figures.map(({ name }) => name);
  expect(drawn(own, [])).toEqual(["sigma-and-temperature"]);
  const fewer = [1, 2].map((seed) => row(`${names.main}, k 1`, seed, 70, { copies: 1 }));
  expect(drawn([...own, ...fewer], courses)).toEqual([
    "sigma-and-temperature",
    "views-of-the-patch",
    "rank-over-time",
    "loss-parts-over-time",
  ]);
});

test("numbers of views are compared from the same seeds", () => {
  const fewer = [row(`${names.main}, k 1`, 1, 70, { copies: 1 })];
  const { figures } = singlePatch.conclude([...rows({ untrained: 2, none: 2 }), ...fewer], "quick", []);
  const { figure } = figures.find(({ name }) => name === "views-of-the-patch")!;
  const text = JSON.stringify(figure);
  // kNN and linear probe of one run at each of two numbers of views; those of the other seeds are left out.
  expect(text.match(/"x":(1|64)\b/g)?.length).toBeGreaterThan(0);
  expect(new Set(text.match(/"x":64,"y":[\d.]+/g)).size).toBeLessThanOrEqual(2);
});

test("the control with no negative differs from the claim's condition in its negatives alone", () => {
  const choice = { sigma: 1, temperature: 0.1 };
  const conditions = [
    ...mainConditions(choice),
    ...variationsOf(choice, { copies: [1], sources: ["noise", "photograph"], beside: true }),
  ];
  const configOf = (name: string): object => conditions.find(({ condition }) => condition === name)!.config;
  const without = (name: string): object => {
    const { method, ...rest } = configOf(name) as { method: { negatives: object } };
    const { negatives: _, ...others } = method;
    return { ...rest, method: others };
  };
  expect(without(names.none)).toEqual(without(names.main));
  expect(without(names.noneBare)).toEqual(without(names.mainBare));
  expect(configOf(names.none)).not.toEqual(configOf(names.main));
  expect(new Set(conditions.map(({ config }) => JSON.stringify(config))).size).toBe(conditions.length);
});

test("the patch of a photograph is there, in colour and in grey, and no image of the data", async () => {
  const { laboratory, asked } = fakeLaboratory();
  await singlePatch.run(laboratory, "full");
  const { config } = asked.find(({ condition }) => condition === "noise only, patch of photograph")!;
  for (const name of ["scenes", "fashion-mnist"]) {
    const dataset = await createDataset(parseConfig({ data: { name } }), "test");
    const { data, shape } = (await loadNegatives(config, dataset))!;
    expect(shape).toEqual([1, dataset.height, dataset.width, dataset.channels]);
    expect(Math.max(...data) - Math.min(...data)).toBeGreaterThan(0.2);
  }
  expect(rowKey({ config })).toBe(
    rowKey({ config: JSON.parse(JSON.stringify(config).replaceAll(packageRoot, "")) }),
  );
});

test("full varies the patch's views with either positives", async () => {
  const { laboratory, asked } = fakeLaboratory();
  await singlePatch.run(laboratory, "full");
  for (const positives of [names.main, names.standardPatch])
    for (const name of [1, 4, 16].map((k) => `${positives}, k ${k}`).concat(positives))
      expect(asked.filter(({ condition }) => condition === name).length, name).toBeGreaterThan(0);
});
