/** The optimisers against PyTorch's over some steps (fixtures/optimisers.json, written by write_optimisers.py). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import type { tf } from "../../src/engine/tf.js";
import type { Tree } from "../../src/engine/tree.js";
import { adamw } from "../../src/optim/adamw.js";
import { lars } from "../../src/optim/lars.js";
import type { Optimiser } from "../../src/optim/optimiser.js";
import { sgd } from "../../src/optim/sgd.js";
import { relativeError } from "../support/close.js";

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}

interface Fixture {
  readonly start: { readonly [param: string]: Numbers };
  readonly rates: number[];
  readonly grads: { readonly [param: string]: Numbers }[];
  readonly cases: {
    readonly optimiser: string;
    readonly options: object;
    readonly after: { readonly [param: string]: number[] }[];
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL("fixtures/optimisers.json", import.meta.url), "utf8"),
) as Fixture;

const optimisers: { readonly [name: string]: (options: object) => Optimiser } = { sgd, adamw, lars };

type Tensors<T> = { readonly [param: string]: T };

function tensors(numbers: Tensors<Numbers>): Tensors<HostTensor> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, { shape, data }]) => [
      name,
      hostTensor(Float32Array.from(data), shape),
    ]),
  );
}

test("every optimiser has a case", () => {
  expect(new Set(fixture.cases.map(({ optimiser }) => optimiser))).toEqual(new Set(Object.keys(optimisers)));
});

test.each(fixture.cases.map((entry) => [entry.optimiser, JSON.stringify(entry.options), entry] as const))(
  "%s %s",
  async (_, __, { optimiser: name, options, after }) => {
    const optimiser = optimisers[name]!(options);
    const step = jit(
      (params: Tensors<tf.Tensor>, grads: Tensors<tf.Tensor>, state: Tree<tf.Tensor>, lr: tf.Tensor) => {
        const updated = optimiser.update(params, grads, state, lr);
        return { params: updated.params, state: updated.state };
      },
      { name },
    );
    const start = tensors(fixture.start);
    let [params, state] = [start, optimiser.init(start)] as [Tensors<HostTensor>, Tree<HostTensor>];
    for (const [i, expected] of after.entries()) {
      const next = await step(params, tensors(fixture.grads[i]!), state, fixture.rates[i]!);
      for (const [param, values] of Object.entries(expected))
        expect(
          relativeError(await next.params[param]!.data(), values),
          `${param} after step ${i}`,
        ).toBeLessThanOrEqual(1e-5);
      [params, state] = [next.params, next.state] as unknown as [Tensors<HostTensor>, Tree<HostTensor>];
    }
    await step.dispose();
  },
);
