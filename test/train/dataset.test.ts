/** Every data set that a configuration can name, opened as training does. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { writeBeton } from "../../src/data/beton/writer.js";
import type { StreamedDataset } from "../../src/data/loader/streamed.js";
import { scenes } from "../../src/data/scenes/scenes.js";
import { readConfig } from "../../src/train/config/parse.js";
import { createDataset } from "../../src/train/dataset.js";
import { openStream } from "../../src/train/stream.js";
import { lossesOfTwoEpochs } from "./losses.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-dataset-"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const open = (split: "train" | "test", ...overrides: string[]) =>
  createDataset(readConfig(undefined, overrides), split);

test("fashion-mnist: the embedded subset, or a part of its training images", async () => {
  expect(await open("train")).toMatchObject({ count: 10_000, channels: 1 });
  expect(await open("train", "data.train=100")).toMatchObject({ count: 100 });
  expect(await open("test", "data.train=100")).toMatchObject({ count: 2000 });
  await expect(open("train", "data.train=10001")).rejects.toThrow(
    /expected at least 10001 images, got 10000/,
  );
});

test("scenes", async () => {
  const options = ["data.name=scenes", "data.count=60", "data.level=easy", "data.size=24"];
  expect(await open("train", ...options)).toMatchObject({ count: 60, height: 24, channels: 3 });
  expect(await open("test", ...options)).toMatchObject({ count: 2000, height: 24 });
});

test("image-folder: a part is drawn from all classes", async () => {
  for (const [name, background] of [
    ["a", "red"],
    ["b", "blue"],
  ] as const) {
    mkdirSync(join(folder, "train", name), { recursive: true });
    const file = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
      .png()
      .toBuffer();
    for (let i = 0; i < 20; i++) writeFileSync(join(folder, "train", name, `${i}.png`), file);
  }
  const data = await open("train", "data.name=image-folder", `data.folder=${folder}`, "data.train=20");
  expect(data).toMatchObject({ count: 20, channels: 3, classes: ["a", "b"] });
  const perClass = [0, 1].map((label) => data.labels.filter((l) => l === label).length);
  expect(Math.min(...perClass)).toBeGreaterThan(4);
  data.labels.forEach((label, i) => {
    expect([...data.images.subarray(i * 48, i * 48 + 3)]).toEqual(label === 0 ? [255, 0, 0] : [0, 0, 255]);
  });
  const grey = await open(
    "train",
    "data.name=image-folder",
    `data.folder=${folder}`,
    "data.grey=true",
    "data.size=2",
  );
  expect(grey).toMatchObject({ count: 40, channels: 1, height: 2 });
});

test("image-folder, streamed: the pixels and labels that it has in memory, and no more than a few batches of them", async () => {
  for (const [c, name] of ["a", "b", "c"].entries()) {
    mkdirSync(join(folder, "train", name), { recursive: true });
    for (let i = 0; i < 14; i++) {
      const noise = Uint8Array.from({ length: 300 }, (_, p) => (p * (7 + i) + 60 * c + i) % 256);
      const file = sharp(noise, { raw: { width: 10, height: 10, channels: 3 } }).resize(20 + i, 30);
      writeFileSync(join(folder, "train", name, `${i}.jpg`), await file.jpeg().toBuffer());
    }
  }
  const options = ["data.name=image-folder", `data.folder=${folder}`, "data.size=12", "batch=8"];
  for (const more of [[], ["data.train=30"]]) {
    const memory = await open("train", ...options, ...more);
    for (const workers of [0, 2]) {
      const overrides = [...options, ...more, "data.stream=true", `data.workers=${workers}`];
      const data = (await open("train", ...overrides)) as StreamedDataset;
      expect(data).toMatchObject({ count: memory.count, labels: memory.labels, classes: memory.classes });
      const stream = openStream(data, readConfig(undefined, overrides));
      const seen = new Map<string, number>();
      for (let step = 0; step < 6; step++) {
        const { images, labels, samples } = await stream.batch(step);
        samples.forEach((sample, i) => {
          const pixels = memory.images.subarray(432 * sample, 432 * (sample + 1));
          expect(Buffer.compare(images.subarray(432 * i, 432 * (i + 1)), pixels)).toBe(0);
          expect(labels[i]).toBe(memory.labels[sample]);
          seen.set(`${Math.floor(step / Math.floor(memory.count / 8))}/${sample}`, i);
        });
      }
      expect(seen.size).toBe(48);
      await stream.close();
    }
  }
  await expect(
    open("train", "data.name=image-folder", `data.folder=${folder}`, "data.stream=true"),
  ).rejects.toThrow(/^data.size: expected the side of the images/);
});

test("parquet", async () => {
  copyFileSync(join(import.meta.dirname, "../data/fixtures/images.parquet"), join(folder, "train.parquet"));
  const data = await open("train", "data.name=parquet", `data.folder=${folder}`);
  expect(data).toMatchObject({ count: 5, classes: ["cat", "dog", "owl"] });
});

describe("beton", () => {
  const write = async (name: string, count: number): Promise<string> => {
    const { images, labels } = scenes("train", { count, size: 16 });
    const path = join(folder, name);
    const image = (i: number) => ({
      pixels: async () => images.subarray(i * 768, (i + 1) * 768),
      width: 16,
      height: 16,
    });
    const fields = { image: { type: "rgb" }, label: { type: "int" } } as const;
    await writeBeton(path, fields, count, async (i) => ({ image: image(i), label: labels[i]! }));
    return path;
  };

  test("in memory: the images of the file; test images only where they are named", async () => {
    const path = await write("train.beton", 30);
    const { images, labels } = scenes("train", { count: 30, size: 16 });
    const data = await open("train", "data.name=beton", `data.path=${path}`, "data.workers=0");
    expect(data).toMatchObject({ count: 30, height: 16, channels: 3 });
    expect(Buffer.from(data.images).equals(images)).toBe(true);
    expect(data.labels).toEqual(labels);
    await expect(open("test", "data.name=beton", `data.path=${path}`)).rejects.toThrow(
      /data.test: expected a .beton file/,
    );
  });

  test("streamed, a run ends with the same bits as in memory", async () => {
    const path = await write("train.beton", 40);
    const run = (...overrides: string[]) => {
      const config = readConfig(undefined, [
        "data.name=beton",
        `data.path=${path}`,
        "batch=8",
        "epochs=2",
        "encoder.widths=[4,8]",
        "projector=8-4",
        ...overrides,
      ]);
      return lossesOfTwoEpochs(config);
    };
    const expected = await run("data.workers=0");
    expect(await run("data.stream=true", "data.workers=0")).toEqual(expected);
    expect(await run("data.stream=true", "data.workers=2")).toEqual(expected);
    expect(new Set(expected).size).toBeGreaterThan(5);
    expect(await run("data.stream=true", "data.train=24")).toEqual(await run("data.train=24"));
  });

  test("who needs the images of a streamed set is told", async () => {
    const data = await open(
      "train",
      "data.name=beton",
      `data.path=${await write("a.beton", 20)}`,
      "data.stream=true",
      "data.train=10",
    );
    expect(data.count).toBe(10);
    expect(data.labels).toHaveLength(10);
    expect(() => data.images).toThrow(/they are streamed/);
  });
});

test("cifar10 in a folder that is not there", async () => {
  await expect(open("train", "data.name=cifar10", "data.folder=/nowhere")).rejects.toThrow(
    /data_batch_1.bin: ENOENT.*expected the files of cifar-10-binary.tar.gz/,
  );
});
