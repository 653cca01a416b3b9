/** The optimisers against PyTorch's over some steps (fixtures/optimisers.json, written by write_optimisers.py). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { eager, jit } from "../../src/engine/jit.js";
import type { tf } from "../../src/engine/tf.js";
import type { Tree } from "../../src/engine/tree.js";
import { adamw } from "../../src/optim/adamw.js";
import { clipByGlobalNorm } from "../../src/optim/clip.js";
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

test("parameters that are excluded by their path do not decay, and LARS does not scale them", async () => {
  const start = tensors(fixture.start);
  const grads = tensors(fixture.grads[0]!);
  const excluded = (path: string): boolean => path === "matrix";
  for (const [name, make] of Object.entries(optimisers)) {
    const after = async (options: object) => {
      const optimiser = make(options);
      const run = eager(
        (p: Tensors<tf.Tensor>, g: Tensors<tf.Tensor>, state: Tree<tf.Tensor>, lr: tf.Tensor) => ({
          params: optimiser.update(p, g, state, lr).params,
        }),
      );
      return (await run(start, grads, optimiser.init(start), 0.1)).params;
    };
    const both = await after({ weightDecay: 0.5, excluded });
    const [decayed, plain] = [await after({ weightDecay: 0.5 }), await after({ weightDecay: 0 })];
    expect(await both.kernel!.data(), name).toEqual(await decayed.kernel!.data());
    if (name === "lars") {
      // Plain SGD at its first step.
      const expected = start.matrix!.data.map((p, i) => p - 0.1 * grads.matrix!.data[i]!);
      expect(relativeError(await both.matrix!.data(), expected)).toBeLessThan(1e-6);
    } else expect(await both.matrix!.data(), name).toEqual(await plain.matrix!.data());
  }
});

test("clipping scales all gradients by one factor, and only when they are too long", async () => {
  const grads = { a: hostTensor(Float32Array.of(3, 0), [2]), b: hostTensor(Float32Array.of(0, 4), [1, 2]) };
  for (const [limit, factor] of [
    [1, 1 / 5],
    [10, 1],
  ] as const) {
    const clipped = await eager((g: Tensors<tf.Tensor>) => ({ ...clipByGlobalNorm(g, limit) }))(grads);
    expect((await clipped.norm.data())[0]).toBeCloseTo(5, 6);
    expect(relativeError(await clipped.grads.a!.data(), [3 * factor, 0])).toBeLessThan(1e-6);
    expect(relativeError(await clipped.grads.b!.data(), [0, 4 * factor])).toBeLessThan(1e-6);
  }
});
