/** The rule of methods in code: which results give which verdict. */
import { expect, test } from "vitest";
import { methods } from "../../reproductions/methods/protocol.js";
import type { Row } from "../../reproductions/support/protocol.js";

interface Accuracies {
  readonly small: number;
  readonly large: number;
  readonly noise: number;
}

const good: Accuracies = { small: 72, large: 73, noise: 71 };

function rows(byMethod: Readonly<Record<string, Accuracies>>, seeds = [1, 2, 3], jitter = 0): Row[] {
  const row = (condition: string, seed: number, linear: number, factors = {}): Row => ({
    claim: "methods",
    condition,
    seed,
    knn: linear - 2,
    linear: linear + seed,
    effectiveRank: 10,
    seconds: 1,
    ...factors,
  });
  return seeds.flatMap((seed) => [
    row("untrained", seed, 64),
    row("untrained, statistics of the data", seed, 61),
    ...Object.entries(byMethod).flatMap(([method, { small, large, noise }]) => [
      row("batch 16", seed, small + jitter * seed, { method, batch: 16 }),
      row("large batch", seed, large, { method, batch: 128 }),
      row("noise only", seed, noise, { method, batch: 16 }),
    ]),
  ]);
}

const verdict = (...args: Parameters<typeof rows>): string =>
  methods.conclude(rows(...args), "quick").verdict;

test("holds: small batches and noise do for every method", () => {
  expect(verdict({ simclr: good, byol: good })).toBe("holds");
  expect(verdict({ simclr: { ...good, large: 60 } })).toBe("holds");
});

test("holds in part: more than half of the two a method", () => {
  expect(verdict({ simclr: good, byol: { ...good, noise: 64 } })).toBe("holds in part");
  expect(verdict({ simclr: good, byol: { ...good, large: 75.1 } })).toBe("holds in part");
});

test("does not hold: half or less; a gain that is not surely one is none", () => {
  expect(verdict({ simclr: { ...good, noise: 63 } })).toBe("does not hold at this scale");
  expect(verdict({ simclr: { small: 62, large: 62, noise: 71 } }, [1, 2, 3], 2)).toBe(
    "does not hold at this scale",
  );
});

test("a method that is told the labels decides nothing", () => {
  expect(verdict({ simclr: good, supcon: { small: 50, large: 50, noise: 50 } })).toBe("holds");
});

test("one seed decides nothing", () => {
  expect(verdict({ simclr: good }, [1])).toBe("not decided");
});

test("findings name the methods that fail; the table has all of them, and the controls", () => {
  const { findings, table } = methods.conclude(rows({ simclr: good, byol: { ...good, noise: 63 } }), "quick");
  expect(findings[0]).toMatch(/^Batch 16 does for 2 of 2:/);
  expect(findings[1]).toMatch(/^Noise alone does for 1 of 2 \(not: byol\):/);
  expect(table.rows.map(([method, condition]) => `${method} ${condition}`.trim())).toEqual([
    ...["simclr", "byol"].flatMap((method) =>
      ["batch 16", "large batch", "noise only"].map((condition) => `${method} ${condition}`),
    ),
    "untrained",
    "untrained, statistics of the data",
  ]);
});
