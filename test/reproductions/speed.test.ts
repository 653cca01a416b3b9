/** The plain pipeline makes the views of the compiled step and trains the same encoder; the rule in code. */
import { expect, test } from "vitest";
import { decodeAll, encodedImages } from "../../reproductions/speed/images.js";
import { viewOf } from "../../reproductions/speed/per-image.js";
import { compiledFeed, drawnViews, type Feed, perImageFeed } from "../../reproductions/speed/pipelines.js";
import { speed } from "../../reproductions/speed/protocol.js";
import type { Row } from "../../reproductions/support/protocol.js";
import { toHost } from "../../src/engine/to-host.js";
import { flatten } from "../../src/engine/tree.js";
import { augment, fold, type HostTensor, hostTensor, key, presetViews } from "../../src/index.js";
import { parseConfig } from "../../src/train/config/parse.js";
import type { DeviceState } from "../../src/train/loop.js";

const side = 32;

test("a view made on the host is the compiled step's, from the same drawn parameters", async () => {
  const { images } = await decodeAll(await encodedImages("train", 8, side));
  const { views, drawn } = await augment(
    hostTensor(images, [8, side, side, 1]),
    presetViews("grey", [side, side, 1]),
    fold(key(3), 0),
  );
  const each = drawnViews(drawn, 8);
  const out = new Float32Array(side * side);
  for (const [v, view] of views.entries())
    for (let i = 0; i < 8; i++) {
      viewOf(images.subarray(i * side * side, (i + 1) * side * side), side, each[i]![v]!, out);
      const expected = (view.data as Float32Array).subarray(i * side * side, (i + 1) * side * side);
      const worst = out.reduce((most, x, at) => Math.max(most, Math.abs(x - expected[at]!)), 0);
      expect(worst).toBeLessThan(2e-5);
    }
});

test("both pipelines train the same encoder, up to rounding", async () => {
  const images = await encodedImages("train", 64, side);
  const config = parseConfig({
    encoder: { name: "convnet", widths: [4, 8] },
    projector: "16-8",
    batch: 16,
    epochs: 2,
    optimiser: { name: "sgd", lr: 0.01 },
    method: { name: "simclr", temperature: 0.2 },
    views: { preset: "grey" },
  });
  const trained = async (feed: Feed): Promise<number[]> => {
    let state: DeviceState = feed.initial();
    for (let step = 0; step < 2 * feed.stepsPerEpoch; step++) state = await feed.run(state, step);
    const host = await toHost(state);
    await feed.close();
    return flatten<HostTensor>(host).leaves.flatMap(({ data }) => [...data]);
  };
  const ours = await trained(await compiledFeed(config, images));
  const plain = await trained(await perImageFeed(config, images, side));
  expect(plain).toHaveLength(ours.length);
  const worst = plain.reduce((most, x, i) => Math.max(most, Math.abs(x - ours[i]!)), 0);
  expect(worst).toBeLessThan(1e-3);
});

interface Case {
  /** Seconds of the plain pipeline over those of ours, and over those with the ramp. */
  readonly equal: number;
  readonly ramp: number;
  /** kNN accuracy of ours, and with the ramp; the plain one has 75. */
  readonly knn?: readonly [number, number];
  readonly seeds?: readonly number[];
  readonly spread?: number;
}

function verdict({ equal, ramp, knn = [75, 74], seeds = [1, 2, 3], spread = 0 }: Case): string {
  const row = (condition: string, seed: number, seconds: number, accuracy: number): Row => ({
    claim: "speed",
    condition,
    seed,
    knn: accuracy,
    linear: accuracy + 2,
    effectiveRank: 10,
    seconds,
    ...Object.fromEntries(
      [1, 2, 3].flatMap((epoch) => [
        [`secondsAfterEpoch${epoch}`, (seconds * epoch) / 3],
        [`knnAfterEpoch${epoch}`, accuracy - 3 + epoch],
      ]),
    ),
  });
  const rows = seeds.flatMap((seed) => {
    const jitter = Math.exp(spread * (seed - 2));
    return [
      row("per image, on the host", seed, 60 * jitter, 75),
      row("in the compiled step", seed, 60 / equal, knn[0]),
      row("in the compiled step, with the ramp", seed, 60 / ramp, knn[1]),
    ];
  });
  const { figures, verdict: word } = speed.conclude(rows, "quick");
  expect(figures.map(({ name }) => name)).toEqual(["accuracy-by-time", "published"]);
  return word;
}

test("holds: both ratios reach half of the paper's, at no loss", () => {
  expect(verdict({ equal: 1.4, ramp: 2.1 })).toBe("holds");
});

test("holds in part: surely faster, but not by so much, or not surely in both ways", () => {
  expect(verdict({ equal: 1.1, ramp: 1.8 })).toBe("holds in part");
  expect(verdict({ equal: 1.4, ramp: 2.4, spread: 0.2 })).toBe("holds in part");
});

test("does not hold: not surely faster, or less accurate", () => {
  expect(verdict({ equal: 0.9, ramp: 1 })).toBe("does not hold at this scale");
  expect(verdict({ equal: 3, ramp: 4, spread: 2 })).toBe("does not hold at this scale");
  expect(verdict({ equal: 1.4, ramp: 2.1, knn: [75, 72.5] })).toBe("does not hold at this scale");
});

test("one seed decides nothing", () => {
  expect(verdict({ equal: 1.4, ramp: 2.1, seeds: [1] })).toBe("not decided");
});
