/** What must hold of the losses whatever the embeddings: symmetry, permutation, scale, limits, and edges. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { eager } from "../../src/engine/jit.js";
import { tf } from "../../src/engine/tf.js";
import { constant } from "../../src/engine/trace/trace.js";
import { overPairs } from "../../src/loss/embeddings.js";
import { simclr } from "../../src/loss/simclr.js";
import { supcon } from "../../src/loss/supcon.js";
import { ShapeError } from "../../src/support/errors.js";
import { floats } from "../support/data.js";
import { type Inputs, losses } from "./losses.js";

/** The loss of inputs, with what stands for the views swapped in by name. */
async function value(name: string, inputs: Inputs<HostTensor>, labels?: HostTensor): Promise<number> {
  const loss = await eager((x: Inputs<tf.Tensor2D>) => losses[name]!(x, labels, {}))(inputs);
  return (await loss.data())[0]!;
}

function shuffled({ data, shape }: HostTensor, order: readonly number[]): HostTensor {
  const size = data.length / shape[0]!;
  const rows = order.flatMap((i) => Array.from(data.slice(i * size, (i + 1) * size)));
  return hostTensor(data instanceof Int32Array ? Int32Array.from(rows) : Float32Array.from(rows), shape);
}

function scaled({ data, shape }: HostTensor, by: number): HostTensor {
  return hostTensor(
    Float32Array.from(data, (x) => x * by),
    shape,
  );
}

const pairs = ["simclr", "dcl", "vicreg", "barlowTwins"];
const crossed = ["byol", "simsiam"];
const shape = fc.record({
  n: fc.integer({ min: 2, max: 9 }),
  d: fc.integer({ min: 2, max: 6 }),
  seed: fc.nat(),
});
const runs = { numRuns: 15 };

function close(a: number, b: number): void {
  expect(Math.abs(a - b)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(b)));
}

test.each(pairs)("%s is symmetric in its views and in the order of the images", async (name) => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ n, d, seed }) => {
      const [z1, z2] = [floats([n, d], seed), floats([n, d], seed + 1)];
      const order = Array.from({ length: n }, (_, i) => (i + 1 + (seed % n)) % n);
      const plain = await value(name, { z1, z2 });
      close(await value(name, { z1: z2, z2: z1 }), plain);
      close(await value(name, { z1: shuffled(z1, order), z2: shuffled(z2, order) }), plain);
    }),
    runs,
  );
});

test.each(crossed)("%s is symmetric in its views and in the order of the images", async (name) => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ n, d, seed }) => {
      const [p1, p2, t1, t2] = [0, 1, 2, 3].map((i) => floats([n, d], seed + i)) as HostTensor[];
      const order = Array.from({ length: n }, (_, i) => (i + 1 + (seed % n)) % n);
      const plain = await value(name, { p1: p1!, p2: p2!, t1: t1!, t2: t2! });
      close(await value(name, { p1: p2!, p2: p1!, t1: t2!, t2: t1! }), plain);
      const mixed = { p1: shuffled(p1!, order), p2: shuffled(p2!, order) };
      close(await value(name, { ...mixed, t1: shuffled(t1!, order), t2: shuffled(t2!, order) }), plain);
    }),
    runs,
  );
});

test("supcon and moco do not care for the order of images or of negatives", async () => {
  const z = floats([6, 4], 3);
  const labels = hostTensor(Int32Array.of(0, 1, 1, 2, 2, 0), [6]);
  const order = [3, 0, 5, 1, 4, 2];
  close(
    await value("supcon", { z: shuffled(z, order) }, shuffled(labels, order)),
    await value("supcon", { z }, labels),
  );
  const [z1, negatives] = [floats([6, 4], 4), floats([6, 4], 5)];
  close(
    await value("moco", { z1, z2: z, negatives: shuffled(negatives, order) }),
    await value("moco", { z1, z2: z, negatives }),
  );
});

test.each(["simclr", "dcl"])("%s does not change with the length of embeddings", async (name) => {
  const [z1, z2] = [floats([5, 4], 1), floats([5, 4], 2)];
  close(await value(name, { z1: scaled(z1, 7), z2: scaled(z2, 0.1) }), await value(name, { z1, z2 }));
});

test("values known by hand", async () => {
  // All embeddings equal: 2N − 1 equal terms, 2N − 2 without the positive.
  const same = hostTensor(new Float32Array(20).fill(0.5), [5, 4]);
  close(await value("simclr", { z1: same, z2: same }), Math.log(9));
  close(await value("dcl", { z1: same, z2: same }), Math.log(8));
  // No spread at all: the hinge is at 1 − √1e-4 in both views.
  close(await value("vicreg", { z1: same, z2: same }), 25 * (1 - 0.01));
  close(await value("byol", { p1: same, p2: same, t1: same, t2: same }), 0);
  close(await value("simsiam", { p1: same, p2: same, t1: same, t2: same }), -1);
  close(await value("byol", { p1: same, p2: same, t1: scaled(same, -1), t2: scaled(same, -1) }), 8);
});

test("supcon of images that are each a class of their own is NT-Xent", async () => {
  const [z1, z2] = [floats([5, 4], 1), floats([5, 4], 2)];
  const labels = hostTensor(Int32Array.from([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]), [10]);
  const both = await eager((a: tf.Tensor2D, b: tf.Tensor2D) => ({
    own: supcon(tf.concat([a, b], 0) as tf.Tensor2D, constant(labels) as tf.Tensor1D, { temperature: 0.5 }),
    other: simclr(a, b),
  }))(z1, z2);
  close((await both.own.data())[0]!, (await both.other.data())[0]!);
});

test("more than two views: the mean over all pairs", async () => {
  const views = [1, 2, 3].map((seed) => floats([4, 3], seed));
  const loss = await eager((all: tf.Tensor2D[]) => overPairs(all, (a, b) => simclr(a, b)))(views);
  const [a, b, c] = views as [HostTensor, HostTensor, HostTensor];
  const expected = [
    await value("simclr", { z1: a, z2: b }),
    await value("simclr", { z1: a, z2: c }),
    await value("simclr", { z1: b, z2: c }),
  ];
  close((await loss.data())[0]!, expected.reduce((sum, x) => sum + x) / 3);
});

describe("edges", () => {
  const two = floats([2, 3], 1);
  const one = floats([1, 3], 1);

  test.each(pairs)("%s: a batch of two is enough, of one is an error that says so", async (name) => {
    expect(Number.isFinite(await value(name, { z1: two, z2: floats([2, 3], 2) }))).toBe(true);
    await expect(value(name, { z1: one, z2: one })).rejects.toThrow(ShapeError);
    await expect(value(name, { z1: one, z2: one })).rejects.toThrow(
      "views: expected two of one shape [2 or more, dimensions], got [1, 3] and [1, 3]",
    );
    await expect(value(name, { z1: two, z2: floats([2, 4]) })).rejects.toThrow(/got \[2, 3\] and \[2, 4\]/);
  });

  test.each(["simclr", "dcl"])("%s: one image is enough where the negatives are given", async (name) => {
    expect(await value(name, { z1: one, z2: one, negatives: two })).toBeTypeOf("number");
    await expect(value(name, { z1: one, z2: one, negatives: floats([2, 4]) })).rejects.toThrow(
      "negatives: expected [1 or more, 3] as the views have, got [2, 4]",
    );
  });

  test("labels of another length", async () => {
    const labels = hostTensor(Int32Array.of(0, 1, 2), [3]);
    await expect(value("supervised", { z: two }, labels)).rejects.toThrow(/labels: expected \[2\]/);
    await expect(value("supcon", { z: two }, labels)).rejects.toThrow(
      /as many labels, got \[2, 3\] and \[3\]/,
    );
  });

  test("views that agree perfectly, and embeddings of zeros, give finite losses", async () => {
    const zero = hostTensor(new Float32Array(12), [4, 3]);
    for (const name of pairs) {
      expect(Number.isFinite(await value(name, { z1: zero, z2: zero }))).toBe(true);
      const z = floats([4, 3], 9);
      expect(Number.isFinite(await value(name, { z1: z, z2: z }))).toBe(true);
    }
  });
});
