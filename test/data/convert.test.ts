/** Data sets written as .beton files by the command line. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../src/cli/main.js";
import { BetonFile } from "../../src/data/beton/reader.js";
import { betonOptions } from "../../src/data/convert.js";
import { parquet } from "../../src/data/parquet.js";
import { scenes } from "../../src/data/scenes/scenes.js";
import { ConfigError } from "../../src/support/errors.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-convert-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const jessl = (...args: string[]): Promise<number> => main(["node", "jessl", "data", ...args]);

test("scenes as raw images", async () => {
  const out = join(folder, "scenes");
  expect(await jessl("convert", out, "data.name=scenes", "data.count=20", "data.size=16")).toBe(0);
  const { images, labels } = scenes("train", { count: 20, size: 16 });
  using file = new BetonFile(`${out}-train.beton`);
  for (let i = 0; i < 20; i++) {
    expect(Buffer.from(images.subarray(i * 768, (i + 1) * 768)).equals(file.image("image", i).data)).toBe(
      true,
    );
    expect(file.int("label", i)).toBe(labels[i]);
  }
  using other = new BetonFile(`${out}-test.beton`);
  expect(other.count).toBe(2000);
});

test("a folder's JPEG files are kept as they are, its PNG files become JPEG", async () => {
  const image = sharp({ create: { width: 30, height: 20, channels: 3, background: "#336699" } });
  const jpeg = await image.clone().jpeg().toBuffer();
  for (const split of ["train", "test"]) {
    mkdirSync(join(folder, split, "a"), { recursive: true });
    writeFileSync(join(folder, split, "a", "1.jpg"), jpeg);
    writeFileSync(join(folder, split, "a", "2.png"), await image.clone().png().toBuffer());
  }
  const out = join(folder, "photos");
  expect(
    await jessl("convert", out, "data.name=image-folder", `data.folder=${folder}`, "--images", "jpg"),
  ).toBe(0);
  using file = new BetonFile(`${out}-train.beton`);
  expect(file.image("image", 0)).toMatchObject({ mode: "jpg", width: 30, height: 20, data: jpeg });
  expect(file.image("image", 1).mode).toBe("jpg");
});

test("parquet files, row after row, of several files", async () => {
  const fixture = join(import.meta.dirname, "fixtures/images.parquet");
  const source = join(folder, "parquet");
  mkdirSync(source);
  for (const name of ["train-0.parquet", "train-1.parquet", "test.parquet"])
    copyFileSync(fixture, join(source, name));
  const out = join(folder, "rows");
  expect(await jessl("convert", out, "data.name=parquet", `data.folder=${source}`)).toBe(0);
  const { images, labels, count } = await parquet(source, "train");
  using file = new BetonFile(`${out}-train.beton`);
  expect(file.count).toBe(count);
  for (let i = 0; i < count; i++) {
    expect(Buffer.compare(file.image("image", i).data, images.subarray(72 * i, 72 * (i + 1)))).toBe(0);
    expect(file.int("label", i)).toBe(labels[i]);
  }
  using other = new BetonFile(`${out}-test.beton`);
  expect(other.count).toBe(5);
});

test("options out of range are usage errors", async () => {
  const given = { images: "raw", quality: "90", threshold: "0", share: "0.5" };
  expect(() => betonOptions({ ...given, images: "gif" })).toThrow(ConfigError);
  expect(() => betonOptions({ ...given, quality: "101" })).toThrow(/--quality 101: expected 1 to 100/);
  expect(await jessl("convert", join(folder, "x"), "data.name=scenes", "--share", "2")).toBe(2);
});
