/** CIFAR from image files: its order, its name, its faults. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cifarTitle, loadCifar } from "../../src/data/cifar-source.js";
import { parseConfig } from "../../src/train/config/parse.js";
import { createDataset, datasetName } from "../../src/train/dataset.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-cifar-copy-"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Two images a class, each of one grey that tells class and place. */
async function copy(format: "jpg" | "png", classes = 10, side = 32): Promise<string> {
  const root = join(folder, format);
  for (const split of ["train", "test"])
    for (let label = 0; label < classes; label++) {
      const own = join(root, split, `class${label}`);
      mkdirSync(own, { recursive: true });
      for (let i = 0; i < 2; i++) {
        const grey = 20 * label + 5 * i;
        const background = { r: grey, g: grey, b: grey };
        await sharp({ create: { width: side, height: side, channels: 3, background } }).toFile(
          join(own, `${i}.${format}`),
        );
      }
    }
  return root;
}

test("images keep their labels, and the first ones are of many classes", async () => {
  const { images, labels, count, classes } = await loadCifar("cifar10", "train", await copy("png"));
  expect(count).toBe(20);
  expect(classes).toHaveLength(10);
  for (let i = 0; i < count; i++) expect(Math.floor(images[i * 3072]! / 20)).toBe(labels[i]);
  expect(new Set(images.filter((_, i) => i % 3072 === 0)).size).toBe(20);
  expect(new Set(labels.subarray(0, 8)).size).toBeGreaterThan(4);
  expect([...labels]).not.toEqual([...labels].sort((a, b) => a - b));
});

test("a JPEG copy says so, one without loss does not", async () => {
  const [jpg, png] = [await copy("jpg"), await copy("png")];
  expect(cifarTitle("cifar10", jpg)).toBe("CIFAR-10 (JPEG copy)");
  expect((await loadCifar("cifar10", "test", jpg)).name).toBe("CIFAR-10 (JPEG copy)");
  expect(cifarTitle("cifar10", png)).toBe("cifar10");
});

test("the environment names the folder; a configuration's own comes first", async () => {
  vi.stubEnv("JESSL_CIFAR10", await copy("jpg"));
  const { data } = parseConfig({ data: { name: "cifar10", train: 4 } });
  expect((await createDataset({ data }, "train")).count).toBe(4);
  expect(datasetName(data)).toBe("CIFAR-10 (JPEG copy)");
  const png = await copy("png");
  expect(datasetName(parseConfig({ data: { name: "cifar10", folder: png } }).data)).toBe("cifar10");
});

test("a folder of other images is refused", async () => {
  await expect(loadCifar("cifar10", "train", await copy("png", 3))).rejects.toThrow(
    /expected 10 classes of 32 × 32 pixels, got 3 of 32 × 32/,
  );
  await expect(loadCifar("cifar10", "train", await copy("jpg", 10, 16))).rejects.toThrow(/got 10 of 16 × 16/);
});
