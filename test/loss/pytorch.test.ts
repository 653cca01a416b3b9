/** Every loss against PyTorch's value and gradients (fixtures/losses.json, written by write_losses.py beside it). */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { valueAndGrad } from "../../src/engine/grad.js";
import { hostTensor } from "../../src/engine/host.js";
import { eager, jit } from "../../src/engine/jit.js";
import type { tf } from "../../src/engine/tf.js";
import { relativeError } from "../support/close.js";
import { type Inputs, losses } from "./losses.js";

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}

interface Case {
  readonly loss: string;
  readonly name: string;
  readonly options: object;
  readonly inputs: Inputs<Numbers>;
  readonly labels?: number[];
  readonly value: number;
  readonly grads: Inputs<Numbers>;
}

const cases = JSON.parse(
  readFileSync(new URL("fixtures/losses.json", import.meta.url), "utf8"),
) as readonly Case[];

test("every loss has a case", () => {
  expect(new Set(cases.map(({ loss }) => loss))).toEqual(new Set(Object.keys(losses)));
});

const compiled: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(compiled.map((program) => program.dispose())));

describe.each(["compiled", "eager"])("%s", (how) => {
  test.each(cases.map((entry) => [entry.loss, entry.name, entry] as const))(
    "%s: %s",
    async (_, __, entry) => {
      const inputs = Object.fromEntries(
        Object.entries(entry.inputs).map(([name, { shape, data }]) => [
          name,
          hostTensor(Float32Array.from(data), shape),
        ]),
      );
      const labels = entry.labels && hostTensor(Int32Array.from(entry.labels), [entry.labels.length]);
      const differentiate = (x: Inputs<tf.Tensor2D>) => {
        const { loss, grads } = valueAndGrad((y: Inputs<tf.Tensor2D>) => ({
          loss: losses[entry.loss]!(y, labels, entry.options),
        }))(x);
        return { loss, grads };
      };
      const program = jit(differentiate);
      compiled.push(program);
      const { loss, grads } = await (how === "compiled" ? program(inputs) : eager(differentiate)(inputs));
      expect(relativeError(await loss.data(), [entry.value])).toBeLessThanOrEqual(1e-5);
      for (const [name, expected] of Object.entries(entry.grads))
        expect(
          relativeError(await grads[name]!.data(), expected.data),
          `gradient of ${name}`,
        ).toBeLessThanOrEqual(1e-5);
    },
  );
});
