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
import { writeBeton } from "../../../src/data/beton/writer.js";
import { convertFolder } from "../../../src/data/convert.js";
import { BoxResizer } from "../../../src/data/crop/resizer.js";
import { type Batch, Loader, type LoaderOptions } from "../../../src/data/loader/loader.js";
import { openSource } from "../../../src/data/loader/open.js";
import {
  betonSource,
  type Decoder,
  type ImageSource,
  imageFolderSource,
} from "../../../src/data/loader/source.js";
import { turboPackages } from "../../../src/data/turbo.js";
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
const turboParts = turboPackages.map((name) => `npm:${name}` as const);

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

/** A file that is cut off is named, even where the crops lie above the cut. */
async function expectCutNamed(decoder: Decoder): Promise<void> {
  const cut = join(folder, `cut-${decoder}/train/a`);
  mkdirSync(cut, { recursive: true });
  const bytes = readFileSync(files[5]!);
  writeFileSync(join(cut, "5.jpg"), bytes.subarray(0, bytes.length - 40));
  const source = imageFolderSource(join(cut, "../.."), "train", { size: 16, decoder });
  const upper = { batch: 1, crop: { scale: [0.02, 0.03] as const } };
  for (const seed of [1, 2, 3, 4])
    await expect(all(source, { ...upper, seed })).rejects.toThrow(/5\.jpg: expected an image, got/);
}

test("a file that is cut off is named", () => expectCutNamed("sharp"));

describeWith(turboParts, "libjpeg-turbo", () => {
  const source = (decoder: Decoder, size = 16): ImageSource => betonSource(jpg, { size, decoder });

  test("decodes the bits that sharp decodes, with any number of workers, and is taken where it is there", async () => {
    const sharpened = byKey(await all(source("sharp")));
    expect(byKey(await all(source("turbo")))).toEqual(sharpened);
    expect(byKey(await all(source("turbo"), { workers: 2 }))).toEqual(sharpened);
    expect(byKey(await all(source("auto")))).toEqual(sharpened);
    // Sharp keeps one waiting.
    const waits = (decoder: Decoder): boolean => {
      const opened = openSource(source(decoder).description, { height: 16, width: 16 }, { crop: {} });
      return opened.read(0, new Uint8Array(length), 0, key(1)) !== undefined;
    };
    expect([waits("sharp"), waits("turbo"), waits("auto")]).toEqual([true, false, false]);
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
      expect(batch!.images.subarray(i * length, (i + 1) * length)).toEqual(expected);
    }
  });

  test("images that keep their size are decoded to where they belong", async () => {
    const same = join(folder, "same.beton");
    const [path] = files;
    const image = async () => ({
      width: sizes[0]!.width,
      height: sizes[0]!.height,
      pixels: async () => new Uint8Array(),
      jpeg: readFileSync(path!),
    });
    const fields = { image: { type: "rgb" }, label: { type: "int" } } as const;
    await writeBeton(same, fields, 6, async (i) => ({ image: await image(), label: i }), { images: "jpg" });
    const whole = (decoder: Decoder) => all(betonSource(same, { decoder }), { crop: undefined, batch: 3 });
    const sharpened = await whole("sharp");
    expect(sharpened[0]!.images).toHaveLength(3 * 3 * sizes[0]!.width * sizes[0]!.height);
    expect(await whole("turbo")).toEqual(sharpened);
    expect(await whole("auto")).toEqual(sharpened);
  });

  test("a file that is cut off is named", () => expectCutNamed("turbo"));

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
