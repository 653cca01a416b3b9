/** The rule of small-batches in code: which results give which verdict. */
import { expect, test } from "vitest";
import { epochsOfEqualSteps, smallBatches } from "../../reproductions/small-batches/protocol.js";
import type { Row } from "../../reproductions/support/protocol.js";

interface Case {
  /** Linear accuracy of the tuned runs by batch size, before the seeds' own shifts. */
  readonly tuned: Readonly<Record<number, number>>;
  readonly untrained: number;
  readonly seeds?: readonly number[];
  /** Differs from seed to seed in the smallest batch. */
  readonly jitter?: number;
}

function rows({ tuned, untrained, seeds = [1, 2, 3], jitter = 0 }: Case): Row[] {
  const row = (condition: string, seed: number, linear: number, factors = {}): Row => ({
    claim: "small-batches",
    condition,
    seed,
    knn: linear - 2,
    linear,
    effectiveRank: 10,
    seconds: 1,
    ...factors,
  });
  const batches = Object.keys(tuned).map(Number);
  return [
    row("raw pixels", 1, 81),
    ...seeds.flatMap((seed) => [
      row("untrained", seed, untrained + seed),
      row("untrained, statistics of the data", seed, untrained + seed - 3),
    ]),
    ...batches.flatMap((batch) => [1e-3, 4e-3].map((lr) => row("tuning", 0, 70 + lr, { batch, lr }))),
    ...seeds.flatMap((seed) =>
      batches.flatMap((batch, i) => {
        const linear = tuned[batch]! + seed + (i === 0 ? jitter * seed : 0);
        return ["fixed", "tuned"].map((condition) => row(condition, seed, linear, { batch, lr: 4e-3 }));
      }),
    ),
  ];
}

const verdict = (example: Case): string => smallBatches.conclude(rows(example), "quick").verdict;

test("holds: the smallest batch is within a point of the best, above the untrained encoder", () => {
  expect(verdict({ tuned: { 16: 83.2, 64: 84, 256: 83 }, untrained: 80 })).toBe("holds");
  expect(verdict({ tuned: { 16: 84.2, 64: 84, 256: 83 }, untrained: 80 })).toBe("holds");
});

test("holds in part: within three points", () => {
  expect(verdict({ tuned: { 16: 82.9, 64: 84, 256: 83 }, untrained: 80 })).toBe("holds in part");
});

test("does not hold: further below, or no better than the untrained encoder, or not surely so", () => {
  expect(verdict({ tuned: { 16: 80.9, 64: 84 }, untrained: 75 })).toBe("does not hold at this scale");
  expect(verdict({ tuned: { 16: 83.9, 64: 84 }, untrained: 84 })).toBe("does not hold at this scale");
  expect(verdict({ tuned: { 16: 80.2, 64: 80 }, untrained: 80, jitter: 1 })).toBe(
    "does not hold at this scale",
  );
});

test("the better of the two untrained encoders counts", () => {
  // The form with the data's statistics is 3 points worse: it must not be the one compared with.
  expect(verdict({ tuned: { 16: 81, 64: 81 }, untrained: 82 })).toBe("does not hold at this scale");
});

test("batch 16 has its own finding where a smaller size is there", () => {
  const sixteen = ({ tuned }: { tuned: Record<number, number> }): string[] =>
    smallBatches
      .conclude(rows({ tuned, untrained: 70 }), "quick")
      .findings.filter((finding) => finding.startsWith("Batch 16"));
  expect(sixteen({ tuned: { 8: 80, 16: 82, 64: 84 } })).toEqual([
    "Batch 16, tuned, is 2.0 ± 0.0 points below the best size.",
  ]);
  expect(sixteen({ tuned: { 16: 82, 64: 84 } })).toEqual([expect.stringContaining("untrained")]);
});

test("one seed decides nothing", () => {
  expect(verdict({ tuned: { 16: 84, 64: 84 }, untrained: 80, seeds: [1] })).toBe("not decided");
});

test("the table has every batch size for both recipes, and the controls", () => {
  const { table, figures } = smallBatches.conclude(
    rows({ tuned: { 16: 83, 64: 84 }, untrained: 80 }),
    "quick",
  );
  expect(table.columns).toEqual(["condition", "batch", "lr", "kNN %", "linear %"]);
  expect(table.rows.map(([condition, batch]) => `${condition} ${batch}`.trim())).toEqual([
    "fixed 16",
    "fixed 64",
    "tuned 16",
    "tuned 64",
    "untrained",
    "untrained, statistics of the data",
    "raw pixels",
  ]);
  expect(table.rows[0]).toEqual(["fixed", "16", "0.004", "83.0 ± 2.5", "85.0 ± 2.5"]);
  expect(figures.map(({ name }) => name)).toEqual(["accuracy-by-batch", "learning-rate-by-batch"]);
});

test("equal steps: every size takes about as many as the smallest one", () => {
  const scale = { batches: [8, 16, 512, 1024], config: { epochs: 10 } };
  for (const batch of scale.batches) {
    const steps = epochsOfEqualSteps(scale, batch) * Math.floor(10_000 / batch);
    expect(Math.abs(steps - 1250)).toBeLessThanOrEqual(0.04 * 1250);
  }
  expect(epochsOfEqualSteps(scale, 8)).toBe(1);
});

test("equal steps have their own rows in the table and their own line", () => {
  const own = rows({ tuned: { 16: 83, 64: 84 }, untrained: 80 });
  const more = own
    .filter(({ condition }) => condition === "tuned")
    .map((row) => ({ ...row, condition: "equal steps" }));
  const { table } = smallBatches.conclude([...own, ...more], "full");
  expect(table.rows.map(([condition]) => condition).filter((name) => name === "equal steps")).toHaveLength(2);
});
