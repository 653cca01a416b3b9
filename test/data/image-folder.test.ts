/** Folders of images: order, classes, conversion, resizing, faults by name, the cache of decoded images. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { imageFolder, listImageFolder } from "../../src/data/image-folder.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-folder-"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Writes an image of one colour; the format is the name's ending. */
async function write(
  path: string,
  color: string,
  { width = 6, height = 4, grey = false } = {},
): Promise<void> {
  const image = sharp({ create: { width, height, channels: grey ? 3 : 4, background: color } });
  if (grey) image.grayscale();
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  await image.toFile(join(folder, path));
}

test("classes and files in alphabetical order, whatever the format", async () => {
  await write("train/owl/1.png", "#0000ff");
  await write("train/cat/b.png", "#ff0000");
  await write("train/cat/deep/a.jpg", "#00ff00");
  await write("train/cat/c.webp", "#ffffff");
  writeFileSync(join(folder, "train/cat/notes.txt"), "not an image");
  await write("val/cat/x.png", "#000000");
  await write("val/owl/y.png", "#808080", { grey: true });
  const train = await imageFolder(folder, "train");
  expect(train).toMatchObject({ count: 4, height: 4, width: 6, channels: 3, classes: ["cat", "owl"] });
  expect([...train.labels]).toEqual([0, 0, 0, 1]);
  expect(listImageFolder(folder, "train").files).toEqual([
    "cat/b.png",
    "cat/c.webp",
    "cat/deep/a.jpg",
    "owl/1.png",
  ]);
  const first = (i: number): number[] => [...train.images.subarray(i * 72, i * 72 + 3)];
  expect(first(0)).toEqual([255, 0, 0]);
  expect(first(3)).toEqual([0, 0, 255]);
  expect(first(2)[1]).toBeGreaterThan(250);
  const test = await imageFolder(folder, "test");
  expect([...test.images.subarray(72, 75)]).toEqual([128, 128, 128]);
  expect((await imageFolder(folder, "test", { channels: 1 })).images).toHaveLength(2 * 24);
});

test("images of several sizes need a size", async () => {
  await write("train/cat/a.png", "#ff0000");
  await write("train/cat/b.png", "#00ff00", { width: 9, height: 20 });
  await expect(imageFolder(folder, "train")).rejects.toThrow(
    /b.png: expected 6 × 4 pixels as the first image has, got 9 × 20; give a size to resize all/,
  );
  const data = await imageFolder(folder, "train", { size: 5 });
  expect(data).toMatchObject({ height: 5, width: 5 });
  expect([...data.images.subarray(75, 78)]).toEqual([0, 255, 0]);
});

test("a corrupt file is named", async () => {
  mkdirSync(join(folder, "train/cat"), { recursive: true });
  const noise = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 37) % 251);
  const jpeg = await sharp(noise, { raw: { width: 32, height: 32, channels: 3 } })
    .jpeg()
    .toBuffer();
  for (let i = 0; i < 12; i++) writeFileSync(join(folder, `train/cat/${i}.jpg`), jpeg);
  expect((await imageFolder(folder, "train", { cache: false })).count).toBe(12);
  const path = join(folder, "train/cat/7.jpg");
  writeFileSync(path, jpeg.subarray(0, jpeg.length * 0.8));
  await expect(imageFolder(folder, "train")).rejects.toThrow(
    /file .*train\/cat\/7.jpg: expected an image, got/,
  );
  writeFileSync(path, "text");
  await expect(imageFolder(folder, "train")).rejects.toThrow(
    /cat\/7.jpg: expected an image, got .*unsupported/,
  );
});

test("folders that are not laid out as expected", async () => {
  expect(() => listImageFolder(folder, "train")).toThrow(/expected a folder train in it, found none/);
  mkdirSync(join(folder, "train"));
  expect(() => listImageFolder(folder, "test")).toThrow(
    /expected a folder test or val or valid or validation in it, found train/,
  );
  expect(() => listImageFolder(folder, "train")).toThrow(/expected one folder a class in it, found none/);
  mkdirSync(join(folder, "train/cat"));
  expect(() => listImageFolder(folder, "train")).toThrow(/train\/cat: expected images .* found none/);
  expect(() => listImageFolder(join(folder, "nowhere"), "train")).toThrow(/ENOENT/);
});

test("decoded images are cached, until a file changes", async () => {
  for (const name of ["a", "b"]) await write(`train/cat/${name}.png`, "#ff0000");
  const cache = (): string[] => readdirSync(join(folder, "cache/jessl/decoded"));
  const first = await imageFolder(folder, "train");
  expect(cache()).toHaveLength(1);
  const decoded: number[] = [];
  const onProgress = (done: number): void => void decoded.push(done);
  expect(await imageFolder(folder, "train", { onProgress })).toEqual({
    ...first,
    images: Buffer.from(first.images),
  });
  expect(decoded).toEqual([]);
  await write("train/cat/b.png", "#00ff00");
  utimesSync(join(folder, "train/cat/b.png"), 1, 1);
  const changed = await imageFolder(folder, "train", { onProgress });
  expect(decoded).toEqual([1, 2]);
  expect([...changed.images.subarray(72, 75)]).toEqual([0, 255, 0]);
  expect(cache()).toHaveLength(2);
  // A file that is not what it should be is made anew.
  for (const name of cache()) writeFileSync(join(folder, "cache/jessl/decoded", name), "short");
  expect((await imageFolder(folder, "train")).images).toEqual(changed.images);
});
