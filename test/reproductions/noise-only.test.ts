/** The rule of noise-only in code: which results give which verdict. */
import { expect, test } from "vitest";
import { noiseOnly } from "../../reproductions/noise-only/protocol.js";
import type { Row } from "../../reproductions/support/protocol.js";
import { fakeLaboratory } from "./fake-laboratory.js";
import { row } from "./rows.js";

interface Case {
  readonly dataset?: string;
  /** Points of kNN and of the linear probe over the better untrained encoder. */
  readonly knn: number;
  readonly linear: number;
  /** Differs from seed to seed. */
  readonly jitter?: number;
  readonly seeds?: readonly number[];
}

function rows({ dataset = "fashion-mnist", knn, linear, jitter = 0.1, seeds = [1, 2, 3] }: Case): Row[] {
  return [
    row("tuning", 0, 74, { dataset, sigma: 0.5 }),
    row("tuning", 0, 73, { dataset, sigma: 1 }),
    row("raw pixels", 1, 80, { dataset }),
    ...seeds.flatMap((seed) => [
      row("untrained", seed, 66 + seed, { dataset }),
      row("untrained, statistics of the data", seed, 60 + seed, { dataset }),
      row("noise only", seed, 66 + seed + linear + jitter * seed, {
        dataset,
        sigma: 0.5,
        knn: 64 + seed + knn + jitter * seed,
      }),
      row("standard", seed, 76 + seed, { dataset }),
      row("supervised", seed, 80 + seed, { dataset }),
    ]),
  ];
}

const verdict = (...cases: Case[]): string => noiseOnly.conclude(cases.flatMap(rows), "full").verdict;

test("holds: both measures surely above the better untrained encoder", () => {
  expect(verdict({ knn: 2, linear: 1 })).toBe("holds");
});

test("in part: one measure alone, or one data set of two", () => {
  expect(verdict({ knn: 2, linear: -1 })).toBe("holds in part");
  expect(verdict({ knn: 2, linear: 1 }, { dataset: "cifar100", knn: -1, linear: -1 })).toBe("holds in part");
});

test("does not hold: nearest neighbours no better, or not surely", () => {
  expect(verdict({ knn: -1, linear: 3 })).toBe("does not hold at this scale");
  expect(verdict({ knn: 0.5, linear: 3, jitter: 2 - 0.9, seeds: [-1, 0, 1] })).toBe(
    "does not hold at this scale",
  );
});

test("CIFAR-10 must gain 8 and 5 points, the copy as well", () => {
  for (const dataset of ["cifar10", "CIFAR-10 (JPEG copy)"]) {
    expect(verdict({ dataset, knn: 8, linear: 5 })).toBe("holds");
    expect(verdict({ dataset, knn: 7, linear: 5 })).toBe("holds in part");
    expect(verdict({ dataset, knn: 8, linear: 4 })).toBe("holds in part");
  }
});

test("one seed decides nothing", () => {
  expect(verdict({ knn: 9, linear: 9, seeds: [1] })).toBe("not decided");
});

test("the table has each condition once, captions name the copy, no figure lacks its data", () => {
  const { table, figures } = noiseOnly.conclude(
    rows({ dataset: "CIFAR-10 (JPEG copy)", knn: 9, linear: 9 }),
    "full",
  );
  expect(table.rows.map(([, condition]) => condition)).toEqual([
    "raw pixels",
    "untrained",
    "untrained, statistics of the data",
    "noise only",
    "standard",
    "supervised",
  ]);
  expect(figures.map(({ name }) => name)).toEqual([
    "task-by-recipe-knn",
    "task-by-recipe-linear",
    "sigma-sweep",
  ]);
  for (const { figure } of figures) {
    expect(figure.caption).toContain("training images of CIFAR-10 (JPEG copy)");
    expect(figure.caption).not.toContain("copy) (JPEG");
  }
});

test("scenes decide nothing, and show what noise-only keeps and loses", () => {
  const fashion = rows({ knn: 2, linear: 1 });
  const onScenes = ["shape", "colour"].flatMap((task) =>
    rows({ dataset: "scenes", knn: -9, linear: task === "shape" ? -9 : 12 }).map((own) => ({ ...own, task })),
  );
  const { verdict: word, findings, figures, numbers } = noiseOnly.conclude([...fashion, ...onScenes], "full");
  expect(word).toBe("holds");
  expect(numbers).toHaveLength(2);
  expect(findings.at(-1)).toMatch(
    /^Scenes \(no part of the rule\).*: shape -18\.8 ± 0\.2, colour 2\.2 ± 0\.2\.$/,
  );
  expect(figures.map(({ name }) => name)).toContain("gain-by-task");
});

test("full asks the scenes last, and a verdict does not wait for them", async () => {
  const { laboratory, asked } = fakeLaboratory();
  await noiseOnly.run(laboratory, "full");
  const first = asked.findIndex(({ config }) => config.data.name === "scenes");
  expect(first).toBeGreaterThan(0);
  for (const { config, beside } of asked.slice(first)) {
    expect(config.data.name).toBe("scenes");
    expect(beside).toBe(true);
  }
});
