/** Crops made while images are decoded, in training: `data.crop`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convertFolder } from "../../src/data/convert.js";
import type { StreamedDataset } from "../../src/data/loader/streamed.js";
import { eager, hostTensor, type tf } from "../../src/index.js";
import { bits, key } from "../../src/random/index.js";
import { readConfig } from "../../src/train/config/parse.js";
import { splitCrops } from "../../src/train/crops.js";
import { createDataset } from "../../src/train/dataset.js";
import { createProgram } from "../../src/train/program.js";
import { viewsOf } from "../../src/train/step.js";
import { openStream } from "../../src/train/stream.js";
import { lossesOfTwoEpochs } from "./losses.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-train-crops-"));
const beton = join(folder, "train.beton");
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  for (let i = 0; i < 24; i++) {
    mkdirSync(join(folder, `train/${i % 2}`), { recursive: true });
    const raw = { width: 8, height: 8, channels: 3 } as const;
    const noise = new Uint8Array(bits(key(i), new Uint32Array(48)).buffer);
    const file = sharp(noise, { raw }).resize(40 + i, 60 - i, { fit: "fill" });
    writeFileSync(join(folder, `train/${i % 2}/${i}.jpg`), await file.jpeg().toBuffer());
  }
  await convertFolder(folder, "train", beton, { images: "jpg" });
});

const base = ["data.stream=true", "data.crop=true", "data.size=16", "batch=8", "epochs=2"];
const networks = ["encoder.widths=[4,8]", "projector=8-4"];
const configOf = (...overrides: string[]) =>
  readConfig(undefined, ["data.name=beton", `data.path=${beton}`, ...base, ...networks, ...overrides]);

const run = (...overrides: string[]) => lossesOfTwoEpochs(configOf(...overrides));

test("a run on crops has the same bits with any number of workers, from .beton and from the folder", async () => {
  const losses = await run("data.workers=0");
  expect(losses).toHaveLength(6);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(new Set(losses).size).toBe(6);
  expect(await run("data.workers=2")).toEqual(losses);
  const images = readConfig(undefined, [
    "data.name=image-folder",
    `data.folder=${folder}`,
    ...base,
    ...networks,
    "data.workers=1",
  ]);
  const program = createProgram(images, await createDataset(images, "train"));
  const { metrics } = await program.run(program.initial(), 0);
  await program.dispose();
  expect(metrics.loss).toBe(losses[0]);
  expect((await run("data.workers=0", "data.crop=false"))[0]).not.toBe(losses[0]);
});

test("every view of the step is made of its own crop", async () => {
  const config = configOf(
    "views.pipelines=[[{name: randomResizedCrop, scale: [0.5, 1]}, {name: horizontalFlip}]]",
    "views.count=3",
  );
  const { crop, views } = splitCrops(config, [16, 16, 3]);
  expect(crop).toEqual({ scale: [0.5, 1], ratio: [3 / 4, 4 / 3], flip: 0.5, views: 3 });
  expect(views).toMatchObject({ count: 3, preset: null, pipelines: [[]] });
  const dataset = (await createDataset(config, "train")) as StreamedDataset;
  const stream = openStream(dataset, config, crop);
  const { images, labels } = await stream.batch(0);
  const input = {
    images: hostTensor(Uint8Array.from(images), [8, 3, 16, 16, 3]),
    labels: hostTensor(labels, [8]),
  };
  await stream.close();
  const make = eager(
    (given: { images: tf.Tensor; labels: tf.Tensor }) =>
      viewsOf([[], [], []], 2, { ...given, drawn: [[], [], []] }).views,
  );
  const made = await make(input);
  for (const [view, tensor] of made.entries()) {
    const pixels = (await tensor.host()).data;
    const length = 16 * 16 * 3;
    for (let i = 0; i < 8; i++)
      for (let p = 0; p < length; p++)
        if (pixels[i * length + p] !== Math.fround(images[(3 * i + view) * length + p]! / 255))
          expect.fail(`view ${view}, image ${i}, number ${p}`);
  }
  const bytes = images.slice(0, 3 * 768);
  expect(bytes.subarray(0, 768)).not.toEqual(bytes.subarray(768, 1536));
});

describe("what does not fit is named", () => {
  test.each([
    ["data.stream=false", /^data.crop: expected data.stream=true/],
    ["data.grey=true", /^data.crop: expected images of 3 channels/],
    ["resolution={min: 8, max: 16, endEpoch: 1}", /^resolution: expected null with data.crop/],
    ["method.negatives={name: patch}", /^method.negatives: expected those of the batch/],
    ["views.preset=noise-only", /^views.pipelines.0: expected a randomResizedCrop to 16 × 16 pixels first/],
    [
      "views.pipelines=[[{name: randomResizedCrop, size: 8}]]",
      /^views.pipelines.0: expected a randomResizedCrop to 16 × 16 pixels first/,
    ],
    [
      "views.pipelines=[[{name: randomResizedCrop}], [{name: randomResizedCrop, scale: [0.5, 1]}]]",
      /^views.pipelines.1: expected the crop and flip of the first view/,
    ],
  ])("%s", (override, message) => {
    expect(() => splitCrops(configOf(override), [16, 16, 3])).toThrow(message);
  });
});
