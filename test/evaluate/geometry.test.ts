/** Alignment, uniformity, CKA and the regression probe: worked examples and properties. */
import { describe, expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { alignment, cka, uniformity } from "../../src/evaluate/geometry.js";
import { linearProbe } from "../../src/evaluate/linear-probe.js";
import { regressionProbe } from "../../src/evaluate/regression-probe.js";
import { ShapeError } from "../../src/support/errors.js";
import { floats, ints } from "../support/data.js";

const matrix = (...rows: number[][]): HostTensor =>
  hostTensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

describe("alignment and uniformity", () => {
  test("worked by hand", () => {
    // A right angle between the first two, none between the second two: ‖x − y‖² = 2 and 0.
    expect(alignment(matrix([3, 0], [0, 5]), matrix([0, 1], [0, 2]))).toBeCloseTo(1, 9);
    expect(alignment(matrix([3, 0], [0, 5]), matrix([0, 1], [0, 2]), 1)).toBeCloseTo(Math.SQRT2 / 2, 9);
    // Pairs: a right angle twice, opposite once.
    const mean = (2 * Math.exp(-2 * 2) + Math.exp(-2 * 4)) / 3;
    expect(uniformity(matrix([1, 0], [0, 2], [-3, 0]))).toBeCloseTo(Math.log(mean), 9);
  });

  test("views that agree, samples that agree: 0", () => {
    const x = floats([6, 4], 2);
    expect(alignment(x, x)).toBe(0);
    expect(uniformity(matrix([1, 2], [2, 4]))).toBeCloseTo(0, 9);
    expect(() => alignment(x, floats([6, 3]))).toThrow(ShapeError);
  });
});

describe("CKA", () => {
  const x = floats([40, 3], 5);

  test("1 for a rotation with scale and offset, and for itself", () => {
    const turned = hostTensor(
      Float32Array.from({ length: 120 }, (_, i) => {
        const [a, b, c] = x.data.subarray(i - (i % 3), i - (i % 3) + 3) as unknown as number[];
        return [2 * b!, -2 * a! + 1, 2 * c!][i % 3]!;
      }),
      [40, 3],
    );
    expect(cka(x, x)).toBeCloseTo(1, 12);
    expect(cka(x, turned)).toBeCloseTo(1, 6);
  });

  test("worked by hand: orthogonal columns share nothing, one of two shares 1/√2", () => {
    const [u, v] = [matrix([1], [1], [-1], [-1]), matrix([1], [-1], [1], [-1])];
    expect(cka(u, v)).toBeCloseTo(0, 12);
    expect(cka(u, matrix([1, 1], [1, -1], [-1, 1], [-1, -1]))).toBeCloseTo(Math.SQRT1_2, 12);
    expect(() => cka(u, x)).toThrow("second features: expected 4 samples as in the first, got 40");
  });
});

describe("regression probe", () => {
  const of = (features: HostTensor, seed: number) => {
    const noise = floats([features.shape[0]!, 1], seed).data;
    const rows = Array.from({ length: features.shape[0]! }, (_, i) => {
      const [a, b] = features.data.subarray(3 * i, 3 * i + 2) as unknown as number[];
      return [5 * a! - b! + 7, noise[i]!];
    });
    return { features, targets: matrix(...rows) };
  };

  test("a linear factor has R² 1, pure noise none", () => {
    const { r2, meanR2 } = regressionProbe(of(floats([300, 3], 1), 2), of(floats([200, 3], 3), 4), {
      l2: 1e-9,
    });
    expect(r2[0]).toBeCloseTo(1, 6);
    expect(r2[1]).toBeLessThan(0.05);
    expect(meanR2).toBeCloseTo((r2[0]! + r2[1]!) / 2, 12);
  });

  test("one feature: ridge by hand", () => {
    // Standardised x is −1, 1; y is 0, 2 about its mean 1: w = 1 / (1 + λ).
    const train = { features: matrix([3], [5]), targets: matrix([0], [2]) };
    const { r2 } = regressionProbe(train, train, { l2: 1 });
    // ŷ = 1 ± 0.5: residual 2·0.25 of a total of 2.
    expect(r2[0]).toBeCloseTo(0.75, 9);
    expect(() => regressionProbe(train, { ...train, targets: floats([3, 1]) })).toThrow(ShapeError);
  });
});

test("top-5 of a linear probe counts what is near: never below top-1, all of five classes", async () => {
  const set = (seed: number, classes: number) => ({
    features: floats([60, 4], seed),
    labels: Int32Array.from(ints([60], seed + 1, 0, classes).data),
  });
  const { accuracy, top5 } = await linearProbe(set(1, 8), set(2, 8));
  expect(top5).toBeGreaterThan(accuracy);
  expect(top5).toBeLessThan(1);
  expect((await linearProbe(set(1, 5), set(2, 5))).top5).toBe(1);
});
