/** Cross-entropy of labels that are shares of classes. */
import { expect, test } from "vitest";
import { eager, hostTensor, tf } from "../../src/index.js";
import { supervised } from "../../src/loss/supervised.js";
import { ShapeError } from "../../src/support/errors.js";
import { floats } from "../support/data.js";

const scores = floats([4, 3], 1, -2, 2);
const rows = (labels: number[]) =>
  hostTensor(Float32Array.from(labels.flatMap((label) => [0, 1, 2].map((c) => Number(c === label)))), [4, 3]);

async function loss(labels: ReturnType<typeof hostTensor>, smoothing = 0): Promise<number> {
  const result = await eager((x: tf.Tensor2D, y: tf.Tensor2D) => supervised(x, y, { smoothing }))(
    scores,
    labels,
  );
  return (await result.data())[0]!;
}

test("one-hot rows are labels", async () => {
  for (const smoothing of [0, 0.1])
    expect(await loss(rows([2, 0, 1, 1]), smoothing)).toBeCloseTo(
      await loss(hostTensor(Int32Array.of(2, 0, 1, 1), [4]), smoothing),
      6,
    );
});

test("the loss of a mixture is the mixture of the losses", async () => {
  const [a, b] = [rows([2, 0, 1, 1]), rows([0, 0, 2, 1])];
  const mixed = hostTensor(a.data.map((x, i) => 0.3 * x + 0.7 * b.data[i]!) as Float32Array, [4, 3]);
  expect(await loss(mixed)).toBeCloseTo(0.3 * (await loss(a)) + 0.7 * (await loss(b)), 5);
});

test("rows of another length are a clear error", () => {
  expect(() => supervised(tf.zeros([4, 3]), tf.zeros([4, 2]) as tf.Tensor2D)).toThrow(ShapeError);
  expect(() => supervised(tf.zeros([4, 3]), tf.zeros([4, 2]) as tf.Tensor2D)).toThrow(
    "expected [4] or [4, 3]",
  );
});
