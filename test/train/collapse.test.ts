/** The numbers that tell a collapse, on embeddings of which they are known. */
import { expect, test } from "vitest";
import { hostTensor } from "../../src/engine/host.js";
import { eager } from "../../src/engine/jit.js";
import { normal } from "../../src/random/index.js";
import { spreadOf } from "../../src/train/collapse.js";

async function spread(rows: readonly (readonly number[])[]): Promise<{ std: number; rank: number }> {
  const z = hostTensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
  const { std, rank } = await eager(spreadOf)(z);
  return { std: (await std.data())[0]!, rank: (await rank.data())[0]! };
}

/** The unit vectors of `width` dimensions and their opposites. */
function cross(width: number): number[][] {
  return [1, -1].flatMap((sign) =>
    Array.from({ length: width }, (_, i) => Array.from({ length: width }, (_, j) => (i === j ? sign : 0))),
  );
}

test("one point: no spread at all", async () => {
  const { std, rank } = await spread(Array.from({ length: 6 }, () => [3, 4, 0]));
  expect(std).toBeCloseTo(0, 5);
  expect(rank).toBeLessThan(1);
});

test.each([3, 8])("evenly over %i dimensions, whatever the lengths", async (width) => {
  const rows = cross(width).map((row, i) => row.map((x) => x * (1 + i)));
  const { std, rank } = await spread(rows);
  expect(std).toBeCloseTo(1, 5);
  expect(rank).toBeCloseTo(width, 4);
});

test("more dimensions than images: the same numbers by the smaller matrix", async () => {
  // Two opposite points: one direction.
  const line = await spread([
    [1, 0, 0, 0, 0],
    [-1, 0, 0, 0, 0],
    [2, 0, 0, 0, 0],
    [-2, 0, 0, 0, 0],
  ]);
  expect(line.rank).toBeCloseTo(1, 4);
  expect(line.std).toBeCloseTo(Math.sqrt(5) / 5, 5);
});

test("random directions spread like the sphere", async () => {
  const numbers = normal([1, 2], 2000 * 16);
  const rows = Array.from({ length: 2000 }, (_, i) => [...numbers.slice(i * 16, (i + 1) * 16)]);
  const { std, rank } = await spread(rows);
  expect(std).toBeCloseTo(1, 1);
  expect(rank).toBeGreaterThan(15);
});
