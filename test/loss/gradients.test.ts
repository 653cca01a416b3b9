/** Every gradient against central differences of the formula in double precision. */
import { expect, test } from "vitest";
import { valueAndGrad } from "../../src/engine/grad.js";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { eager } from "../../src/engine/jit.js";
import type { tf } from "../../src/engine/tf.js";
import { relativeError } from "../support/close.js";
import { floats } from "../support/data.js";
import { type Inputs, losses } from "./losses.js";
import { labels, references } from "./reference.js";

const [rows, width, step] = [6, 4, 1e-5];

function matrix({ data, shape }: HostTensor): number[][] {
  return Array.from({ length: shape[0]! }, (_, i) =>
    Array.from(data.slice(i * shape[1]!, (i + 1) * shape[1]!)),
  );
}

test("every loss has a formula", () => {
  expect(Object.keys(references)).toEqual(Object.keys(losses));
});

test.each(Object.keys(references))("%s", async (name) => {
  const { inputs: names, free = names, options = {}, value } = references[name]!;
  const inputs = Object.fromEntries(names.map((input, i) => [input, floats([rows, width], 11 + i, -2, 2)]));
  const classes = hostTensor(Int32Array.from(labels), [rows]);
  const { loss, grads } = await eager((x: Inputs<tf.Tensor2D>) => {
    const result = valueAndGrad((y: Inputs<tf.Tensor2D>) => ({ loss: losses[name]!(y, classes, options) }))(
      x,
    );
    return { loss: result.loss, grads: result.grads };
  })(inputs);

  const matrices = names.map((input) => matrix(inputs[input]!));
  expect(relativeError(await loss.data(), [value(...matrices)])).toBeLessThanOrEqual(1e-5);
  for (const [at, input] of names.entries()) {
    const differences = matrices[at]!.flatMap((row, i) =>
      row.map((x, j) => {
        const moved = (by: number): number => {
          row[j] = x + by;
          const result = value(...matrices);
          matrices[at]![i]![j] = x;
          return result;
        };
        return free.includes(input) ? (moved(step) - moved(-step)) / (2 * step) : 0;
      }),
    );
    expect(relativeError(await grads[input]!.data(), differences), `by ${input}`).toBeLessThanOrEqual(1e-5);
  }
});
