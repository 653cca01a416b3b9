/** Scenes as files: the images that are drawn in memory, and a table of their factors. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { main } from "../../../src/cli/main.js";
import { imageFolder } from "../../../src/data/image-folder.js";
import { scenes } from "../../../src/data/scenes/scenes.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-scenes-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("jessl data scenes", async () => {
  const args = ["data", "scenes", folder, "--count", "70", "--test", "20", "--size", "20", "--seed", "5"];
  expect(await main(["node", "jessl", ...args])).toBe(0);
  const { images, factors, classes } = scenes("train", { count: 70, size: 20, seed: 5 });
  const lines = readFileSync(join(folder, "train.csv"), "utf8").trim().split("\n");
  expect(lines[0]).toBe("file,shape,colour,count,background,x,y,scale,rotation,occlusion");
  expect(lines).toHaveLength(71);
  for (const i of [0, 33, 69]) {
    const [file, shape, , count, , x] = lines[i + 1]!.split(",");
    expect(file).toBe(`train/${classes[factors.shape[i]!]}/${String(i).padStart(2, "0")}.png`);
    expect(shape).toBe(classes[factors.shape[i]!]);
    expect(Number(count)).toBe(factors.count[i]! + 1);
    expect(Number(x)).toBeCloseTo(factors.position[2 * i]!, 4);
    const pixels = await sharp(join(folder, file!)).raw().toBuffer();
    expect(Buffer.compare(pixels, images.subarray(1200 * i, 1200 * (i + 1)))).toBe(0);
  }
  expect(await sharp(join(folder, "sheet.png")).metadata()).toMatchObject({ width: 160, height: 160 });
  const read = await imageFolder(folder, "train", { cache: false });
  expect(read).toMatchObject({ count: 70, height: 20, classes: [...new Set(classes)].sort() });
});

test("an option out of range is named", async () => {
  expect(await main(["node", "jessl", "data", "scenes", folder, "--size", "8"])).toBe(1);
});
