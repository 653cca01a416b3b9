/** A frozen encoder: evaluation mode, whatever the batch; statistics taken anew; one call for all that is measured. */
import { describe, expect, test } from "vitest";
import type { ImageDataset } from "../../src/data/dataset.js";
import { eager } from "../../src/engine/jit.js";
import {
  type Encoder,
  encode,
  encoderFunction,
  pixels,
  withStatisticsOf,
} from "../../src/evaluate/encode.js";
import { evaluateEncoder, evaluatePixels } from "../../src/evaluate/evaluate.js";
import { convnet } from "../../src/nn/convnet.js";
import { vgg } from "../../src/nn/vgg.js";
import { key } from "../../src/random/index.js";
import { expectClose } from "../support/close.js";
import { ints } from "../support/data.js";

/** Two classes: bright in the upper or in the lower half. */
function halves(count: number, seed: number): ImageDataset {
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  const noise = ints([count, 6, 6, 2], seed, 0, 100).data;
  const images = Uint8Array.from(noise, (value, i) => {
    const lower = Math.floor(i / 12) % 6 >= 3 ? 1 : 0;
    return value + (labels[Math.floor(i / 72)] === lower ? 150 : 0);
  });
  return { name: "halves", images, labels, count, height: 6, width: 6, channels: 2, classes: ["0", "1"] };
}

const layer = convnet([6, 6, 2], { widths: [4, 8] });
const encoder: Encoder = { layer, variables: layer.init(key(1)), imageShape: [6, 6, 2] };

describe("encode", () => {
  test("equals the layer in evaluation mode, and no image depends on the others", async () => {
    const dataset = halves(300, 1);
    const all = await encode(encoder, dataset);
    expect(all.shape).toEqual([300, 8]);
    const some = { ...dataset, count: 7, images: dataset.images.subarray(0, 7 * 72) };
    const few = await encode(encoder, some);
    expectClose(few.data, all.data.subarray(0, 7 * 8), { absolute: 1e-6 });
    const { params, state } = encoder.variables;
    const batch = { data: some.images, shape: [7, 6, 6, 2], dtype: "uint8" } as const;
    const reference = await eager(encoderFunction(layer))(params, state, batch);
    expectClose(few.data, await reference.data(), { absolute: 1e-6 });
  });

  test("raw pixels", () => {
    const dataset = halves(3, 1);
    const features = pixels(dataset);
    expect(features.shape).toEqual([3, 72]);
    expectClose(
      features.data,
      Float32Array.from(dataset.images, (value) => value / 255),
    );
  });
});

test("statistics of images: each channel of the last batch norm has mean 0 and variance 1 before its scale", async () => {
  const dataset = halves(200, 2);
  const fresh = await withStatisticsOf(encoder, dataset);
  const { block1 } = fresh.variables.state as unknown as {
    block1: { norm: { mean: { data: Float32Array }; variance: { data: Float32Array } } };
  };
  // Over the batch, the first convolution's output has the statistics that were taken.
  const { block1: first } = encoder.variables.params as unknown as {
    block1: { conv: { kernel: { data: Float32Array; shape: number[] } } };
  };
  const { kernel } = first.conv;
  const at = (n: number, y: number, x: number, c: number): number =>
    y < 0 || x < 0 || y > 5 || x > 5 ? 0 : dataset.images[((n * 6 + y) * 6 + x) * 2 + c]! / 255;
  for (let channel = 0; channel < 4; channel++) {
    const values: number[] = [];
    for (let n = 0; n < 200; n++)
      for (let y = 0; y < 6; y++)
        for (let x = 0; x < 6; x++) {
          let sum = 0;
          for (let i = 0; i < 3; i++)
            for (let j = 0; j < 3; j++)
              for (let c = 0; c < 2; c++)
                sum += at(n, y + i - 1, x + j - 1, c) * kernel.data[((i * 3 + j) * 2 + c) * 4 + channel]!;
          values.push(sum);
        }
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
    expect(block1.norm.mean.data[channel]).toBeCloseTo(mean, 4);
    expect(block1.norm.variance.data[channel]! / variance).toBeCloseTo(1, 4);
  }
});

test("an encoder without batch norm has no statistics to take", async () => {
  const layer = vgg("vgg11", [8, 8, 3], { width: 2, norm: false });
  const images = {
    images: new Uint8Array(4 * 8 * 8 * 3).fill(7),
    count: 4,
    height: 8,
    width: 8,
    channels: 3,
  };
  const encoder = { layer, variables: layer.init(key(1)), imageShape: [8, 8, 3] };
  expect(await withStatisticsOf(encoder, images)).toBe(encoder);
});

test("an easy task: pixels and an untrained encoder", async () => {
  const [train, held] = [halves(300, 3), halves(100, 4)];
  const byPixels = await evaluatePixels(train, held, { rank: true });
  expect(byPixels.linear).toBe(1);
  expect(byPixels.knn).toBe(1);
  expect(byPixels.effectiveRank).toBeGreaterThan(20);
  const untrained = await evaluateEncoder(encoder, train, held);
  expect(untrained.linear).toBeGreaterThan(0.4);
  expect(untrained.effectiveRank).toBeLessThanOrEqual(8);
  expect(await evaluateEncoder(encoder, train, held)).toEqual(untrained);
});
