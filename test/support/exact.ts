/**
 * TensorFlow.js's cpu backend in double precision: the exact result that float32 programs are measured against. The
 * backend makes its arrays by the global `Float32Array` and computes in JavaScript's numbers, so that with doubles in the
 * place of that global nothing is rounded to float32 on the way.
 *
 * It also tells how near the inputs of ReLU come to zero. Where the nearest is within the rounding of float32, its sign,
 * and with it a whole term of the gradient, is left to chance: two right programs may differ in it.
 */
import { expect } from "vitest";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { tf } from "../../src/engine/tf.js";
import { flatten, leafPaths, type Tree } from "../../src/engine/tree.js";
import { relativeError } from "./close.js";

/** What a computation in double precision gave, and the least |x| > 0 that went into a ReLU. */
export interface Exact<T> {
  readonly value: T;
  readonly margin: number;
}

/** Runs `body` in double precision. Nothing else may run meanwhile. */
export async function inDoubles<T>(body: () => Promise<T>): Promise<Exact<T>> {
  const [single, { platform }] = [globalThis.Float32Array, tf.env()];
  const isTypedArray = platform.isTypedArray;
  const relu = tf.getKernel("Relu", "cpu")!;
  let margin = Number.POSITIVE_INFINITY;
  globalThis.Float32Array = Float64Array as never;
  platform.isTypedArray = ArrayBuffer.isView as never;
  tf.unregisterKernel("Relu", "cpu");
  tf.registerKernel({
    ...relu,
    kernelFunc(call) {
      const { x } = call.inputs as { x: tf.Tensor };
      for (const value of x.dataSync()) if (value !== 0) margin = Math.min(margin, Math.abs(value));
      return relu.kernelFunc(call);
    },
  });
  try {
    return { value: await body(), margin };
  } finally {
    globalThis.Float32Array = single;
    platform.isTypedArray = isTypedArray;
    tf.unregisterKernel("Relu", "cpu");
    tf.registerKernel(relu);
  }
}

/** The nearest that an input of a ReLU, of the order of 1 after batch norm, may come to zero: a few roundings of float32. */
export const leastMargin = 5e-7;

/** The elements of every leaf of a tree of device tensors, by its path. */
export type Numbers = ReadonlyMap<string, ArrayLike<number>>;

export async function numbers(tree: unknown): Promise<Numbers> {
  const paths = leafPaths(tree as Tree<DeviceTensor>);
  const leaves = flatten(tree as Tree<DeviceTensor>).leaves;
  return new Map(await Promise.all(leaves.map(async (leaf, i) => [paths[i]!, await leaf.data()] as const)));
}

/**
 * Whether a compiled result is too far from the exact one: by more than 1e-5 of a leaf's greatest element, or where eager
 * TensorFlow.js is itself far from it, more than four times as far. In words, for the worst leaf; nothing where all are near.
 * @param idle ends of the paths whose exact gradient is zero, so that what is computed is rounding
 */
export function farFromExact(
  actual: Numbers,
  eagerly: Numbers,
  exact: Numbers,
  idle: readonly string[] = [],
): string | undefined {
  expect([...actual.keys()]).toEqual([...exact.keys()]);
  let [worst, text] = [1, undefined as string | undefined];
  for (const [path, wanted] of exact) {
    const got = actual.get(path)!;
    if (idle.some((name) => path.endsWith(name))) {
      if (path.startsWith("grads")) expect(Math.max(...Array.from(got, Math.abs))).toBeLessThan(1e-6);
      continue;
    }
    const [off, eagerOff] = [relativeError(got, wanted), relativeError(eagerly.get(path)!, wanted)];
    // A square is off by twice as much as what is squared.
    const allowed = path.includes("optimiser.square") ? 2e-5 : 1e-5;
    const share = off / Math.max(allowed, 4 * eagerOff);
    if (!(share <= worst))
      [worst, text] = [share, `${path}: off by ${off}, where eager TensorFlow.js is off by ${eagerOff}`];
  }
  return text;
}
