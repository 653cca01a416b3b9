/** The MLP probe: its training against the formulas in float64, what it finds that a line cannot, and its determinism. */
import { describe, expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import type { Features } from "../../src/evaluate/features.js";
import { linearProbe } from "../../src/evaluate/linear-probe.js";
import { mlpProbe } from "../../src/evaluate/mlp-probe.js";
import { standardiser } from "../../src/evaluate/standardise.js";
import { fold, key, permutation } from "../../src/random/index.js";
import { ConfigError } from "../../src/support/errors.js";
import { expectClose } from "../support/close.js";
import { floats, generator } from "../support/data.js";

/** Two dimensions that decide by the sign of their product, and two that are noise. */
function xor(count: number, seed: number): Features {
  const features = floats([count, 4], seed);
  const labels = Int32Array.from({ length: count }, (_, i) =>
    Number(features.data[4 * i]! * features.data[4 * i + 1]! > 0),
  );
  return { features, labels };
}

function threeClasses(count: number, seed: number): Features {
  const next = generator(seed);
  const labels = Int32Array.from({ length: count }, () => Math.floor(3 * next()));
  const data = Float32Array.from({ length: 5 * count }, (_, at) => {
    const label = labels[Math.floor(at / 5)]!;
    return 3 * next() + (at % 5 === label ? 1 : 0);
  });
  return { features: hostTensor(data, [count, 5]), labels };
}

type Layer = { kernel: HostTensor; bias: HostTensor };
type Params = { hidden: Layer; output: Layer };

/** The training by hand: softmax regression on max(x·W + b, 0), AdamW with a cosine, all in float64. */
function trainByHand(
  { features, labels }: Features,
  start: Params,
  { hidden, epochs, batch, lr, weightDecay, seed }: Record<string, number>,
): number[][] {
  const count = labels.length;
  const width = features.shape[1]!;
  const x = standardiser(features)(features).data;
  const sizes = [width * hidden!, hidden!, hidden! * 3, 3];
  const { hidden: h, output: o } = start;
  const p = [h.kernel, h.bias, o.kernel, o.bias].map(({ data }) => Array.from(data as Float32Array, Number));
  const [m, v] = [0, 1].map(() => sizes.map((size) => new Float64Array(size))) as [
    Float64Array[],
    Float64Array[],
  ];
  const perEpoch = Math.floor(count / batch!);
  for (let step = 0; step < epochs! * perEpoch; step++) {
    const epoch = Math.floor(step / perEpoch);
    const order = permutation(fold(key(seed!), 1, epoch), count);
    const g = sizes.map((size) => new Float64Array(size));
    for (let i = 0; i < batch!; i++) {
      const row = order[(step % perEpoch) * batch! + i]!;
      const a = Array.from({ length: hidden! }, (_, k) => {
        let sum = p[1]![k]!;
        for (let j = 0; j < width; j++) sum += x[row * width + j]! * p[0]![j * hidden! + k]!;
        return Math.max(0, sum);
      });
      const logits = [0, 1, 2].map((c) => a.reduce((sum, ak, k) => sum + ak * p[2]![k * 3 + c]!, p[3]![c]!));
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      const slope = logits.map((logit, c) => (Math.exp(logit) / total - Number(labels[row] === c)) / batch!);
      slope.forEach((s, c) => {
        g[3]![c]! += s;
      });
      a.forEach((ak, k) => {
        let back = 0;
        slope.forEach((s, c) => {
          g[2]![k * 3 + c]! += s * ak;
          back += s * p[2]![k * 3 + c]!;
        });
        if (ak === 0) return;
        g[1]![k]! += back;
        for (let j = 0; j < width; j++) g[0]![j * hidden! + k]! += back * x[row * width + j]!;
      });
    }
    const rate = lr! * 0.5 * (1 + Math.cos((Math.PI * step) / (epochs! * perEpoch)));
    const t = step + 1;
    p.forEach((values, part) => {
      values.forEach((value, i) => {
        const gradient = g[part]![i]!;
        m[part]![i] = 0.9 * m[part]![i]! + 0.1 * gradient;
        v[part]![i] = 0.999 * v[part]![i]! + 0.001 * gradient ** 2;
        const decayed = part % 2 === 0 ? value * (1 - rate * weightDecay!) : value;
        const size = Math.sqrt(v[part]![i]! / (1 - 0.999 ** t)) + 1e-8;
        values[i] = decayed - (rate * (m[part]![i]! / (1 - 0.9 ** t))) / size;
      });
    });
  }
  return p;
}

describe("MLP probe", () => {
  test("its training is AdamW's on the formula, in float64", async () => {
    const options = { hidden: 7, epochs: 3, batch: 20, lr: 0.01, weightDecay: 0.1, seed: 4 };
    const [train, held] = [threeClasses(90, 1), threeClasses(40, 2)];
    const start = await mlpProbe(train, held, { ...options, lr: 1e-30 });
    const trained = await mlpProbe(train, held, options);
    const { hidden, output } = trained.params as unknown as Params;
    const expected = trainByHand(train, start.params as unknown as Params, options);
    for (const [i, { data }] of [hidden.kernel, hidden.bias, output.kernel, output.bias].entries())
      expectClose(data, expected[i]!, { absolute: 2e-4, relative: 1e-3 }, `parameter ${i}`);
  });

  test("it finds what no linear probe can", async () => {
    const [train, held] = [xor(800, 1), xor(400, 2)];
    const { accuracy } = await linearProbe(train, held);
    expect(accuracy).toBeLessThan(0.65);
    const probe = await mlpProbe(train, held, { hidden: 32, epochs: 60, batch: 32, lr: 0.01 });
    expect(probe.accuracy).toBeGreaterThan(0.9);
    expect(probe.trainAccuracy).toBeGreaterThan(0.9);
    expect(probe.top5).toBe(1);
    const right = probe.predicted.filter((label, i) => label === held.labels[i]).length;
    expect(probe.accuracy).toBe(right / 400);
  });

  test("the same features give the same bits, another seed others", async () => {
    const [train, held] = [threeClasses(60, 3), threeClasses(30, 4)];
    const a = await mlpProbe(train, held, { hidden: 8, epochs: 2 });
    expect(await mlpProbe(train, held, { hidden: 8, epochs: 2 })).toEqual(a);
    expect((await mlpProbe(train, held, { hidden: 8, epochs: 2, seed: 1 })).params).not.toEqual(a.params);
  });

  test("options out of range are errors", async () => {
    const few = threeClasses(10, 1);
    await expect(mlpProbe(few, few, { hidden: 0 })).rejects.toThrow(ConfigError);
    await expect(mlpProbe(few, few, { epochs: 1.5 })).rejects.toThrow("epochs: expected 1 or more, got 1.5");
  });
});
