/** Parquet files of images, as Hugging Face lays them out; the fixture is pyarrow's. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parquet, readParquet } from "../../src/data/parquet.js";
import { DataError } from "../../src/support/errors.js";

const fixture = join(import.meta.dirname, "fixtures", "images.parquet");
const folder = mkdtempSync(join(tmpdir(), "jessl-parquet-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("images, labels and the names of classes, over two groups of rows", async () => {
  copyFileSync(fixture, join(folder, "train-00000-of-00002.parquet"));
  copyFileSync(fixture, join(folder, "train-00001-of-00002.parquet"));
  const data = await parquet(folder, "train");
  expect(data).toMatchObject({ count: 10, height: 4, width: 6, channels: 3, classes: ["cat", "dog", "owl"] });
  expect([...data.labels]).toEqual([2, 0, 1, 2, 2, 2, 0, 1, 2, 2]);
  const expected = Array.from({ length: 10 }, (_, n) =>
    Array.from({ length: 24 }, (_, p) => {
      const [i, y, x] = [n % 5, Math.floor(p / 6), p % 6];
      return [40 * y + i, 30 * x + i, 10 * (x + y) + 20 * i];
    }),
  ).flat(2);
  expect([...data.images]).toEqual(expected);
});

test("columns can be named; unknown ones are an error", async () => {
  expect((await readParquet(fixture, { image: "image", label: "label" })).encoded).toHaveLength(5);
  await expect(readParquet(fixture, { label: "fine" })).rejects.toThrow(
    /expected a column fine of labels, got the columns image, label/,
  );
});

test("a missing split, a missing file and another format are errors that name them", async () => {
  await expect(parquet(folder, "test")).rejects.toThrow(/expected test\*.parquet or val\*.parquet in it/);
  await expect(readParquet(join(folder, "none.parquet"))).rejects.toThrow(/none.parquet: ENOENT/);
  writeFileSync(join(folder, "text.parquet"), "no parquet at all");
  await expect(readParquet(join(folder, "text.parquet"))).rejects.toThrow(DataError);
});
