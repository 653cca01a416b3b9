/** The images that are negatives: one patch of a sample, a photograph, noise or grey, or images of your own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { DataError } from "../../src/support/errors.js";
import { copiesOf, loadNegatives, negativesOf } from "../../src/train/negatives.js";
import { createProgram } from "../../src/train/program.js";
import { writeSafeTensors } from "../../src/train/safetensors.js";
import { expectClose } from "../support/close.js";
import { tinyConfig, tinyDataset } from "./methods/tiny.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-negatives-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const dataset = tinyDataset();

function load(negatives: string, ...overrides: string[]): Promise<HostTensor | undefined> {
  return loadNegatives(tinyConfig(`method.negatives=${negatives}`, ...overrides), dataset);
}

test("the batch's and none want no images; neither does a method without negatives", async () => {
  expect(await load("{name: batch}")).toBeUndefined();
  expect(await load("{name: none}")).toBeUndefined();
  expect(await loadNegatives(tinyConfig("method.name=vicreg"), dataset)).toBeUndefined();
  expect(copiesOf(negativesOf(tinyConfig().method))).toBe(0);
});

test("a whole sample is that sample", async () => {
  const patch = (await load("{name: patch, sample: 5}"))!;
  expect(patch.shape).toEqual([1, 10, 10, 1]);
  expectClose(
    patch.data,
    Array.from(dataset.images.subarray(500, 600), (byte) => byte / 255),
  );
});

test("the same seed, the same patch; another seed, another", async () => {
  const of = async (seed: number) => (await load("{name: patch, side: 4}", `seed=${seed}`))!.data;
  expect(await of(1)).toEqual(await of(1));
  const different = await Promise.all(
    [2, 3, 4].map(async (seed) => (await of(seed)).join() !== (await of(1)).join()),
  );
  expect(different).toContain(true);
});

test("a patch is cut and resized to the images' size: of a ramp it is a ramp", async () => {
  const ramp = Uint8Array.from({ length: 100 }, (_, i) => 20 * (i % 10));
  const patch = (await loadNegatives(tinyConfig("method.negatives={name: patch, sample: 0, side: 5}"), {
    ...dataset,
    images: ramp,
    count: 1,
  }))!;
  const row = Array.from(patch.data.slice(0, 10), (x) => x * 255);
  // Five pixels as ten: half a pixel a step, and flat at the cut's borders.
  const steps = row.slice(1).map((x, i) => x - row[i]!);
  expectClose(steps, [5, 10, 10, 10, 10, 10, 10, 10, 5], { absolute: 1e-3 });
});

test("noise is uniform, a constant is constant", async () => {
  const noise = (await load("{name: patch, source: noise}"))!.data;
  expect(Math.min(...noise)).toBeLessThan(0.1);
  expect(Math.max(...noise)).toBeGreaterThan(0.9);
  expect(new Set((await load("{name: patch, source: constant, grey: 0.25}"))!.data)).toEqual(new Set([0.25]));
});

test("a photograph of any size, turned grey where the images are", async () => {
  const file = join(folder, "photo.png");
  const pixels = Buffer.alloc(30 * 20 * 3, 128);
  await sharp(pixels, { raw: { width: 30, height: 20, channels: 3 } })
    .png()
    .toFile(file);
  const patch = (await load(`{name: patch, source: photograph, photograph: ${file}, side: 16}`))!;
  expect(patch.shape).toEqual([1, 10, 10, 1]);
  expectClose(patch.data, new Float32Array(100).fill(128 / 255), { absolute: 1e-5 });
  const broken = join(folder, "broken.jpg");
  writeFileSync(broken, "no image");
  await expect(load(`{name: patch, source: photograph, photograph: ${broken}}`)).rejects.toThrow(DataError);
});

test("images of one's own: bytes or numbers, of the data's size", async () => {
  const file = join(folder, "own.safetensors");
  writeSafeTensors(file, { images: hostTensor(new Uint8Array(200).fill(51), [2, 10, 10, 1]) });
  const images = (await load(`{name: images, file: ${file}}`))!;
  expect(images.shape).toEqual([2, 10, 10, 1]);
  expect(images.data[0]).toBeCloseTo(0.2, 6);
  writeSafeTensors(file, { images: hostTensor(new Float32Array(200), [2, 10, 5, 2]) });
  await expect(load(`{name: images, file: ${file}}`)).rejects.toThrow(
    /expected \[count, 10, 10, 1\] as the data's images, got \[2, 10, 5, 2\]/,
  );
});

test("every step draws new views of the negatives, the same for the same step", async () => {
  const config = tinyConfig("method.negatives={name: patch, copies: 3}");
  const program = createProgram(config, dataset, { negatives: await loadNegatives(config, dataset) });
  const drawn = (step: number) => JSON.stringify(program.input(step).negatives!.drawn);
  expect(drawn(0)).toBe(drawn(0));
  expect(drawn(0)).not.toBe(drawn(1));
  const [crop] = program.input(0).negatives!.drawn[0]!;
  expect(Object.values(crop!)[0]!.shape[0]).toBe(3);
  await program.dispose();
});
