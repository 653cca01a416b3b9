/** Crops while decoding: drawn as the augmentations draw them, the same with any number of workers, from whole images. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { horizontalFlip } from "../../../src/augment/horizontal-flip.js";
import { randomResizedCrop } from "../../../src/augment/random-resized-crop.js";
import { drawViews } from "../../../src/augment/views.js";
import { BetonFile } from "../../../src/data/beton/reader.js";
import { convertFolder } from "../../../src/data/convert.js";
import { BoxResizer } from "../../../src/data/crop/resizer.js";
import { type Batch, Loader, type LoaderOptions } from "../../../src/data/loader/loader.js";
import { betonSource, type ImageSource, imageFolderSource } from "../../../src/data/loader/source.js";
import { jpegSize, turboPackage } from "../../../src/data/turbo.js";
import { bits, fold, key } from "../../../src/random/index.js";
import { ConfigError } from "../../../src/support/errors.js";
import { describeWith } from "../../support/needs.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-crops-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [raw, jpg] = [join(folder, "raw.beton"), join(folder, "jpg.beton")];
const sizes = Array.from({ length: 12 }, (_, i) => ({ height: 20 + 3 * i, width: 50 - 2 * i }));
const files = sizes.map((_, i) => join(folder, `images/train/a/${String(i).padStart(2, "0")}.jpg`));

beforeAll(async () => {
  mkdirSync(join(folder, "images/train/a"), { recursive: true });
  for (const [i, { height, width }] of sizes.entries()) {
    const bytes = new Uint8Array(bits(key(i), new Uint32Array(48)).buffer);
    // Of the contrast that photographs have.
    const noise = bytes.map((value) => 64 + (value >> 1));
    const pixels = await sharp(noise, { raw: { width: 8, height: 8, channels: 3 } })
      .resize(width, height, { fit: "fill" })
      .raw()
      .toBuffer();
    writeFileSync(
      files[i]!,
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 95 })
        .toBuffer(),
    );
  }
  await convertFolder(join(folder, "images"), "train", raw);
  await convertFolder(join(folder, "images"), "train", jpg, { images: "jpg" });
});

const options: LoaderOptions = { batch: 4, seed: 3, crop: { views: 2, scale: [0.3, 1] } };
const length = 16 * 16 * 3;

async function all(source: ImageSource, more: Partial<LoaderOptions> = {}): Promise<Batch[]> {
  const loader = new Loader(source, { ...options, ...more });
  const batches: Batch[] = [];
  for (let epoch = 0; epoch < 2; epoch++)
    for await (const batch of loader.epoch(epoch))
      batches.push({ ...batch, images: Uint8Array.from(batch.images) });
  await loader.close();
  return batches;
}

const byKey = (batches: Batch[]): Map<string, Uint8Array> =>
  new Map(
    batches.flatMap(({ images, samples }, b) =>
      [...samples].map((sample, i) => [
        `${Math.floor((b * samples.length) / sizes.length)}/${sample}`,
        images.subarray(2 * i * length, 2 * (i + 1) * length),
      ]),
    ),
  );

test("crops are what the augmentations draw first and second, applied to the whole image", async () => {
  const crops = byKey(await all(betonSource(raw, { size: 16 })));
  const pipeline = [randomResizedCrop({ scale: [0.3, 1], size: 16 }), horizontalFlip()];
  const flips = new Set<number>();
  for (const [sample, { height, width }] of sizes.entries())
    for (const epoch of [0, 1]) {
      const drawn = drawViews([pipeline, pipeline], fold(key(3), epoch), [sample], [height, width, 3]);
      const image = new BoxResizer();
      image.image(height, width).set(await sharp(files[sample]!).raw().toBuffer());
      drawn.forEach(([crop, flip], view) => {
        const box = {
          top: crop!.top!.data[0] as number,
          left: crop!.left!.data[0] as number,
          height: crop!.height!.data[0] as number,
          width: crop!.width!.data[0] as number,
        };
        const flipped = flip!.flipped!.data[0] as number;
        flips.add(flipped);
        const expected = new Uint8Array(length);
        image.resize(box, [16, 16], flipped === 1, expected, 0);
        const got = crops.get(`${epoch}/${sample}`)!.subarray(view * length, (view + 1) * length);
        expect(got).toEqual(expected);
      });
    }
  expect(flips.size).toBe(2);
});

test("the same crops from files, raw and JPEG records, whatever batch, order, memory and workers", async () => {
  const expected = byKey(await all(betonSource(raw, { size: 16 })));
  const folderSource = imageFolderSource(join(folder, "images"), "train", { size: 16 });
  for (const [source, more] of [
    [betonSource(jpg, { size: 16 }), {}],
    [folderSource, { batch: 3 }],
    [betonSource(raw, { size: 16 }), { batch: 6, order: "sequential", reuse: true }],
    [betonSource(jpg, { size: 16 }), { workers: 2 }],
    [betonSource(jpg, { size: 16 }), { workers: 2, reuse: true }],
    [folderSource, { workers: 3, prefetch: 0, batch: 12 }],
  ] as const)
    expect(byKey(await all(source, more))).toEqual(expected);
});

test("what does not fit is named", () => {
  const source = betonSource(raw, { size: 16 });
  for (const crop of [{ views: 0 }, { scale: [0.5, 2] as const }, { flip: 2 }])
    for (const workers of [0, 1]) expect(() => new Loader(source, { ...options, crop, workers })).toThrow();
  const grey = betonSource(raw, { size: 16, grey: true });
  expect(() => new Loader(grey, options)).toThrow(/^crop: expected images of 3 channels, got grey ones/);
  const turbo = betonSource(jpg, { size: 16, grey: true, decoder: "turbo" });
  expect(() => new Loader(turbo, { batch: 2 })).toThrow(ConfigError);
});

test("the size of a JPEG file is in its header", async () => {
  const image = sharp({ create: { width: 33, height: 21, channels: 3, background: "#123456" } });
  const jpeg = await image.clone().jpeg().toBuffer();
  expect(jpegSize(jpeg)).toEqual({ height: 21, width: 33 });
  expect(jpegSize(await image.clone().jpeg({ progressive: true }).toBuffer())).toEqual({
    height: 21,
    width: 33,
  });
  expect(jpegSize(await image.clone().toColourspace("cmyk").jpeg().toBuffer())).toBeUndefined();
  expect(jpegSize(await image.clone().png().toBuffer())).toBeUndefined();
  for (let end = 0; end < 40; end++) expect(jpegSize(jpeg.subarray(0, end))).toBeUndefined();
});

describeWith([`npm:${turboPackage}`], "libjpeg-turbo", () => {
  const source = (decoder: "sharp" | "turbo", size = 16): ImageSource => betonSource(jpg, { size, decoder });

  /** The fast cosine transform is some levels off in single pixels of noise, and little over all. */
  const expectNear = (got: Uint8Array, expected: Uint8Array): void => {
    const differences = expected.map((value, i) => Math.abs(value - got[i]!));
    expect(Math.max(...differences)).toBeLessThan(20);
    expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(1.5);
  };

  test("decodes what sharp decodes, but for rounding, with any number of workers", async () => {
    const [sharpened, fast] = [byKey(await all(source("sharp"))), byKey(await all(source("turbo")))];
    expect(byKey(await all(source("turbo"), { workers: 2 }))).toEqual(fast);
    for (const [name, crops] of sharpened) expectNear(fast.get(name)!, crops);
  });

  test("makes the centre square where there are no crops", async () => {
    const [batch] = await all(source("turbo"), { crop: undefined, order: "sequential", batch: 12 });
    for (const [i, { height, width }] of sizes.entries()) {
      const image = new BoxResizer();
      image.image(height, width).set(await sharp(files[i]!).raw().toBuffer());
      const side = Math.min(height, width);
      const expected = new Uint8Array(length);
      const box = { top: (height - side) >> 1, left: (width - side) >> 1, height: side, width: side };
      image.resize(box, [16, 16], false, expected, 0);
      expectNear(batch!.images.subarray(i * length, (i + 1) * length), expected);
    }
  });

  test("a corrupt file is named by sharp", async () => {
    const bad = join(folder, "bad.beton");
    const bytes = readFileSync(jpg);
    using file = new BetonFile(jpg);
    const { place, data } = file.image("image", 5);
    bytes.fill(0, place + (data.length >> 1), place + data.length);
    writeFileSync(bad, bytes);
    await expect(all(betonSource(bad, { size: 16, decoder: "turbo" }))).rejects.toThrow(
      /bad.beton: sample 5: byte \d+: expected an image, got/,
    );
  });
});
