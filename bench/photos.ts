/**
 * Images for the bench of loaders, made here: files of JPEG as large as those of ImageNet (500 × 375, about 35 kB), with a
 * scene in the foreground and noise of all scales that falls off as in photographs, and small raw images. They are made
 * once and kept in the cache.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { writeBeton } from "../src/data/beton/writer.js";
import { convertFolder } from "../src/data/convert.js";
import { scenes } from "../src/data/scenes/scenes.js";
import { bits, fold, key } from "../src/random/index.js";
import { cacheFolder } from "../src/support/cache.js";

const [width, height] = [500, 375];
/** Files, and how many of them differ; the others are copies under other names. */
const files = 512;
const distinct = 128;
const classes = 8;

/** Pixels of noise that is cubically enlarged from side × 3/4 side. */
async function octave(side: number, from: ReturnType<typeof key>): Promise<Buffer> {
  const raw = { width: side, height: Math.ceil((3 * side) / 4), channels: 3 as const };
  const words = bits(from, new Uint32Array(Math.ceil((raw.width * raw.height * 3) / 4)));
  return sharp(new Uint8Array(words.buffer, 0, raw.width * raw.height * 3), { raw })
    .resize(width, height, { kernel: "cubic", fit: "fill" })
    .raw()
    .toBuffer();
}

async function photo(number: number, scene: Uint8Array, side: number): Promise<Buffer> {
  const base = await sharp(scene, { raw: { width: side, height: side, channels: 3 } })
    .resize(width, height, { fit: "fill" })
    .raw()
    .toBuffer();
  const sum = Float32Array.from(base, (value) => 0.6 * value + 50);
  for (let level = 0; level < 7; level++) {
    const noise = await octave(4 << level, fold(key(3), number, level));
    const amplitude = 0.5 / 1.6 ** level;
    for (let i = 0; i < sum.length; i++) sum[i]! += amplitude * (noise[i]! - 127.5);
  }
  const pixels = Uint8ClampedArray.from(sum);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A folder of JPEG files with `train/<class>/` in it, and the same files as .beton. */
export async function photoFiles(): Promise<{ folder: string; beton: string }> {
  const root = cacheFolder("bench", "photos-1");
  const found = { folder: root, beton: join(root, "photos.beton") };
  if (existsSync(found.beton)) return found;
  const temporary = `${root}.${process.pid}`;
  const side = 256;
  const { images } = scenes("train", { count: distinct, seed: 0, size: side });
  for (let i = 0; i < distinct; i++) {
    const jpeg = await photo(i, images.subarray(3 * side * side * i, 3 * side * side * (i + 1)), side);
    for (let copy = i; copy < files; copy += distinct) {
      const folder = join(temporary, `train/class-${copy % classes}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${copy}.jpg`), jpeg);
    }
  }
  await convertFolder(temporary, "train", join(temporary, "photos.beton"), { images: "jpg" });
  rmSync(root, { recursive: true, force: true });
  mkdirSync(dirname(root), { recursive: true });
  renameSync(temporary, root);
  return found;
}

/** A .beton file of 50,000 raw images of 32 × 32 random pixels, as many as CIFAR-10 has. */
export async function rawFile(): Promise<string> {
  const path = join(cacheFolder("bench"), "raw-32-1.beton");
  if (existsSync(path)) return path;
  const bytes = 3 * 32 * 32;
  const pixels = async (i: number): Promise<Uint8Array> =>
    new Uint8Array(bits(fold(key(4), i), new Uint32Array(bytes / 4)).buffer);
  const sample = async (i: number) => ({
    image: { width: 32, height: 32, pixels: () => pixels(i) },
    label: i % 10,
  });
  await writeBeton(path, { image: { type: "rgb" }, label: { type: "int" } }, 50_000, sample);
  return path;
}
