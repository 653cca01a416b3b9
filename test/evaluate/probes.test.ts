/** Probes on frozen features: against scikit-learn and NumPy, against the definition, and by properties. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { effectiveRank, rankMe, singularValues } from "../../src/evaluate/effective-rank.js";
import type { Features } from "../../src/evaluate/features.js";
import { knn } from "../../src/evaluate/knn.js";
import { lbfgs } from "../../src/evaluate/lbfgs.js";
import { linearProbe } from "../../src/evaluate/linear-probe.js";
import { ConfigError, ShapeError } from "../../src/support/errors.js";
import { expectClose } from "../support/close.js";
import { floats, ints } from "../support/data.js";

interface Fixture {
  readonly train: number[][];
  readonly trainLabels: number[];
  readonly test: number[][];
  readonly testLabels: number[];
  readonly l2: number;
  readonly weights: number[][];
  readonly bias: number[];
  readonly predicted: number[];
  readonly accuracy: number;
  readonly singularValues: number[];
  readonly effectiveRank: number;
  readonly rankMe: number;
}

const fixture = JSON.parse(readFileSync(new URL("fixtures/probes.json", import.meta.url), "utf8")) as Fixture;

const matrix = (rows: readonly (readonly number[])[]): HostTensor =>
  hostTensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const train: Features = { features: matrix(fixture.train), labels: Int32Array.from(fixture.trainLabels) };
const held: Features = { features: matrix(fixture.test), labels: Int32Array.from(fixture.testLabels) };

describe("linear probe", () => {
  test("weights, bias and predictions equal scikit-learn's", async () => {
    const probe = await linearProbe(train, held, { l2: fixture.l2, tolerance: 1e-6 });
    expectClose(probe.weights.data, fixture.weights.flat(), { absolute: 1e-4, relative: 1e-4 });
    expectClose(probe.bias.data, fixture.bias, { absolute: 1e-4, relative: 1e-4 });
    expect([...probe.predicted]).toEqual(fixture.predicted);
    expect(probe.accuracy).toBeCloseTo(fixture.accuracy, 9);
    expect(probe.converged).toBe(true);
  });

  test("the same features give the same bits", async () => {
    const [a, b] = [await linearProbe(train, held), await linearProbe(train, held)];
    expect(a).toEqual(b);
  });

  test("neither scale nor offset of a dimension matters", async () => {
    const change = ({ features, labels }: Features): Features => ({
      features: hostTensor(
        Float32Array.from(features.data, (value, i) => value * 2 ** ((i % 6) - 2) + (i % 6)),
        features.shape,
      ),
      labels,
    });
    const [a, b] = [await linearProbe(train, held), await linearProbe(change(train), change(held))];
    expectClose(a.weights.data, b.weights.data, { absolute: 1e-3, relative: 1e-3 });
  });

  test("shapes that do not fit are named", async () => {
    const short = { features: held.features, labels: held.labels.subarray(1) };
    await expect(linearProbe(train, short)).rejects.toThrow("test features: expected 60 labels");
    const narrow = { features: floats([60, 5]), labels: held.labels };
    await expect(linearProbe(train, narrow)).rejects.toThrow("expected 6 dimensions as in training, got 5");
    await expect(linearProbe({ ...train, features: ints([90, 6]) }, held)).rejects.toThrow(ShapeError);
  });
});

test("L-BFGS finds the minimum of Rosenbrock's function", async () => {
  const result = await lbfgs(
    ([x, y]) =>
      Promise.resolve({
        value: (1 - x!) ** 2 + 100 * (y! - x! ** 2) ** 2,
        gradient: Float64Array.of(-2 * (1 - x!) - 400 * x! * (y! - x! ** 2), 200 * (y! - x! ** 2)),
      }),
    Float64Array.of(-1.2, 1),
    { tolerance: 1e-6 },
  );
  expect(result.converged).toBe(true);
  expectClose(result.x, [1, 1], { absolute: 1e-5 });
  expect(result.iterations).toBeLessThan(100);
});

/** As the definition says it, one pair at a time. */
function knnByDefinition(
  { features: reference, labels }: Features,
  { features: queries }: Features,
  { k, temperature, distance }: { k: number; temperature: number; distance: "cosine" | "euclidean" },
): number[][] {
  const rows = ({ data, shape: [count, width] }: HostTensor): number[][] =>
    Array.from({ length: count! }, (_, i) => [...data.slice(i * width!, (i + 1) * width!)]);
  const product = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const similarity = (a: number[], b: number[]): number =>
    distance === "cosine"
      ? product(a, b) / Math.sqrt(product(a, a) * product(b, b))
      : -a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
  return rows(queries).map((query) => {
    const votes = new Map<number, number>();
    rows(reference)
      .map((row, i) => ({ value: similarity(query, row), label: labels[i]! }))
      .sort((a, b) => b.value - a.value)
      .slice(0, k)
      .forEach(({ value, label }) => {
        votes.set(label, (votes.get(label) ?? 0) + Math.exp(value / temperature));
      });
    return [...votes].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([label]) => label);
  });
}

describe("kNN", () => {
  test.each([
    { k: 1, temperature: 0.07, distance: "cosine" },
    { k: 7, temperature: 0.07, distance: "cosine" },
    { k: 20, temperature: 0.5, distance: "cosine" },
    { k: 7, temperature: 10, distance: "euclidean" },
    { k: 90, temperature: 1, distance: "cosine" },
  ] as const)("equals its definition: $k neighbours, τ $temperature, $distance", async (options) => {
    const { predicted, accuracy, top5 } = await knn(train, held, options);
    const expected = knnByDefinition(train, held, options);
    expect([...predicted]).toEqual(expected.map(([label]) => label));
    const within = (k: number) =>
      expected.filter((labels, i) => labels.slice(0, k).includes(held.labels[i]!)).length / expected.length;
    expect(accuracy).toBe(within(1));
    expect(top5).toBe(1); // of three classes
  });

  test("top-5 of ten classes equals its definition", async () => {
    const labelled = (seed: number): Features => ({
      features: floats([80, 3], seed),
      labels: Int32Array.from({ length: 80 }, (_, i) => (i * 7 + seed) % 10),
    });
    const [reference, queries] = [labelled(1), labelled(2)];
    const options = { k: 12, temperature: 0.3, distance: "cosine" } as const;
    const expected = knnByDefinition(reference, queries, options);
    const within = expected.filter((votes, i) => votes.slice(0, 5).includes(queries.labels[i]!)).length;
    const { top5, accuracy } = await knn(reference, queries, options);
    expect(within).toBeGreaterThan(20);
    expect(within).toBeLessThan(70);
    expect(top5).toBe(within / 80);
    expect(accuracy).toBeLessThan(top5);
  });

  test.each(["euclidean", "cosine"] as const)(
    "of equally near samples the first ones vote: %s",
    async (distance) => {
      // Whole numbers, and rows along an axis: similarities are exact, and most of them are equal.
      const value = (i: number, j: number): number =>
        distance === "euclidean"
          ? (i * 7 + j * (i >> 3)) % 3
          : (i * 5 + (i >> 2)) % 4 === j
            ? 1 + (i % 5)
            : 0;
      const draw = ints([600], 5, 0, 3).data;
      const many: Features = {
        features: matrix(Array.from({ length: 600 }, (_, i) => [0, 1, 2, 3].map((j) => value(i, j)))),
        labels: Int32Array.from(draw),
      };
      for (const k of [1, 3, 40, 599]) {
        const { predicted } = await knn(many, many, { k, temperature: 1, distance });
        const expected = knnByDefinition(many, many, { k, temperature: 1, distance });
        expect([...predicted], `k ${k}`).toEqual(expected.map(([label]) => label));
      }
    },
  );

  test.each(["euclidean", "cosine"] as const)(
    "what is no number stands last, and has no vote: %s",
    async (distance) => {
      const without = (rows: readonly number[], { features, labels }: Features): Features => {
        const kept = Array.from(labels.keys()).filter((i) => !rows.includes(i));
        const width = features.shape[1]!;
        const data = features.data as Float32Array;
        return {
          features: matrix(kept.map((i) => [...data.subarray(i * width, (i + 1) * width)])),
          labels: Int32Array.from(kept, (i) => labels[i]!),
        };
      };
      const spoiled = (rows: readonly [row: number, value: number][], given: Features): Features => {
        const data = Float32Array.from(given.features.data);
        for (const [row, value] of rows) data[row * given.features.shape[1]! + 1] = value;
        return { ...given, features: hostTensor(data, given.features.shape) };
      };
      const bad = spoiled([[0, Number.NaN], [5, Number.POSITIVE_INFINITY], [89, 1e30]], train); // biome-ignore format: a list
      const odd = spoiled([[2, Number.NaN]], held);
      const options = { k: 7, distance, temperature: 10 };
      const clean = await knn(without(distance === "euclidean" ? [0, 5, 89] : [0, 5], bad), held, options);
      const result = await knn(bad, odd, options);
      const rest = (of: Int32Array) => [...of].filter((_, i) => i !== 2);
      expect(rest(result.predicted)).toEqual(rest(clean.predicted));
      const right = rest(clean.predicted).filter((label, i) => label === rest(held.labels)[i]).length;
      expect(result.accuracy).toBe(right / held.labels.length);
      // With more neighbours than there are numbers, these alone vote.
      const all = await knn(bad, odd, { ...options, k: 90, temperature: Number.POSITIVE_INFINITY });
      expect(new Set(rest(all.predicted)).size).toBe(1);
    },
  );

  test("one neighbour of the training samples themselves is always right", async () => {
    const distance = "euclidean";
    expect((await knn(train, train, { k: 1, distance })).accuracy).toBe(1);
  });

  test("with infinite temperature the majority decides, however near the others are", async () => {
    const reference = {
      features: matrix([[1, 0], [0.6, 0.8], [0.5, 0.8]]), // biome-ignore format: one row
      labels: Int32Array.of(0, 1, 1),
    };
    const query = { features: matrix([[1, 0.05]]), labels: Int32Array.of(0) };
    expect((await knn(reference, query, { k: 3 })).predicted[0]).toBe(0);
    expect((await knn(reference, query, { k: 3, temperature: Number.POSITIVE_INFINITY })).predicted[0]).toBe(
      1,
    );
  });

  test("more test samples than fit into a call", async () => {
    const many: Features = {
      features: floats([2500, 3], 3),
      labels: Int32Array.from({ length: 2500 }, (_, i) => i % 7),
    };
    const { accuracy } = await knn(many, many, { k: 1 });
    expect(accuracy).toBe(1);
  });

  test("options out of range are errors", async () => {
    await expect(knn(train, held, { k: 0 })).rejects.toThrow(ConfigError);
    await expect(knn(train, held, { temperature: 0 })).rejects.toThrow("temperature: expected more than 0");
  });
});

describe("effective rank", () => {
  test("singular values, effective rank and RankMe equal NumPy's", () => {
    expectClose(singularValues(held.features), fixture.singularValues, { absolute: 1e-6, relative: 1e-9 });
    expect(effectiveRank(held.features)).toBeCloseTo(fixture.effectiveRank, 7);
    expect(rankMe(held.features)).toBeCloseTo(fixture.rankMe, 6);
  });

  test("more dimensions than samples", () => {
    const x = floats([5, 9], 4);
    const transposed = hostTensor(
      Float32Array.from({ length: 45 }, (_, i) => x.data[(i % 5) * 9 + Math.floor(i / 5)]!),
      [9, 5],
    );
    expectClose(singularValues(x), singularValues(transposed), { relative: 1e-9 });
  });

  test("all samples equal: 0; on a line: 1; the axes of a cube: all dimensions", () => {
    expect(effectiveRank(matrix([[1, 2], [1, 2], [1, 2]]))).toBe(0); // biome-ignore format: one row
    expect(effectiveRank(matrix([[1, 2], [2, 4], [4, 8]]))).toBeCloseTo(1, 9); // biome-ignore format: one row
    const axes = Array.from({ length: 8 }, (_, i) =>
      Array.from({ length: 4 }, (_, j) => (i >> 1 === j ? (i & 1 ? 1 : -1) : 0)),
    );
    expect(effectiveRank(matrix(axes))).toBeCloseTo(4, 9);
  });

  test("it lies between 1 and the number of dimensions, and scale does not change it", () => {
    const dimensions = fc.tuple(
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(1000),
    );
    fc.assert(
      fc.property(dimensions, ([count, width, seed]) => {
        const x = floats([count, width], seed);
        const rank = effectiveRank(x);
        expect(rank).toBeGreaterThanOrEqual(1 - 1e-9);
        expect(rank).toBeLessThanOrEqual(Math.min(width, count - 1) + 1e-6);
        const scaled = hostTensor(
          x.data.map((value) => value * 4),
          x.shape,
        );
        expect(effectiveRank(scaled)).toBeCloseTo(rank, 9);
      }),
      { numRuns: 50 },
    );
  });
});
