/**
 * Scenes as files, for other programs: a PNG file each in a folder a shape, a table of factors, and a sheet of the first
 * ones to look at.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { writeFileAtomic } from "../../support/atomic.js";
import { DiskError } from "../../support/errors.js";
import { type SceneDataset, type ScenesOptions, scenes, sceneTask } from "./scenes.js";

/** Scenes a side of the sheet. */
const sheetSide = 8;
/** PNG files that are made at a time. */
const together = 32;

export interface WriteScenesOptions extends Omit<ScenesOptions, "count"> {
  readonly count?: number | undefined;
  /** Scenes of the test split. */
  readonly test?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const png = (pixels: Uint8Array, side: number): Promise<Buffer> =>
  sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();

/** One of thousands: the table, which is written last and atomically, says that all of them are there. */
function writeImage(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new DiskError(`file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The factors of every scene as a table: comma-separated values, names of classes, places in image sides. */
export function factorTable(dataset: SceneDataset, files: readonly string[]): string {
  const { factors, count } = dataset;
  const [shapes, colours, backgrounds] = (["shape", "colour", "background"] as const).map(
    (task) => sceneTask(dataset, task).classes,
  );
  const rows = Array.from({ length: count }, (_, i) =>
    [
      files[i],
      shapes![factors.shape[i]!],
      colours![factors.colour[i]!],
      factors.count[i]! + 1,
      backgrounds![factors.background[i]!],
      ...[
        factors.position[2 * i]!,
        factors.position[2 * i + 1]!,
        factors.scale[i]!,
        factors.rotation[i]!,
        factors.occlusion[i]!,
      ].map((value) => value.toFixed(4)),
    ].join(","),
  );
  return `file,shape,colour,count,background,x,y,scale,rotation,occlusion\n${rows.join("\n")}\n`;
}

/** A sheet of the first scenes, uint8 [side, side, 3]. */
function sheet({ images, count, height: size }: SceneDataset): { pixels: Uint8Array; side: number } {
  const side = sheetSide * size;
  const pixels = new Uint8Array(3 * side * side).fill(255);
  for (let i = 0; i < Math.min(count, sheetSide ** 2); i++)
    for (let y = 0; y < size; y++) {
      const from = 3 * size * (i * size + y);
      const [row, column] = [Math.floor(i / sheetSide) * size + y, (i % sheetSide) * size];
      pixels.set(images.subarray(from, from + 3 * size), 3 * (row * side + column));
    }
  return { pixels, side };
}

/**
 * Writes `train/<shape>/*.png`, `test/<shape>/*.png`, `train.csv`, `test.csv` and `sheet.png` into a folder.
 * @throws DataError when an option is out of range; DiskError when files cannot be written
 */
export async function writeScenes(
  folder: string,
  { count, test, onProgress, ...options }: WriteScenesOptions = {},
): Promise<void> {
  const splits = [scenes("train", { ...options, count }), scenes("test", { ...options, count: test })];
  const total = splits.reduce((sum, split) => sum + split.count, 0);
  let done = 0;
  for (const [s, dataset] of splits.entries()) {
    const split = s === 0 ? "train" : "test";
    const digits = String(dataset.count - 1).length;
    const files = Array.from(
      dataset.labels,
      (label, i) => `${split}/${dataset.classes[label]}/${String(i).padStart(digits, "0")}.png`,
    );
    for (const name of dataset.classes) mkdirSync(join(folder, split, name), { recursive: true });
    const length = 3 * dataset.height ** 2;
    for (let start = 0; start < dataset.count; start += together) {
      const part = files.slice(start, start + together);
      const encoded = await Promise.all(
        part.map((_, i) =>
          png(dataset.images.subarray((start + i) * length, (start + i + 1) * length), dataset.height),
        ),
      );
      part.forEach((file, i) => {
        writeImage(join(folder, file), encoded[i]!);
      });
      done += part.length;
      onProgress?.(done, total);
    }
    writeFileAtomic(join(folder, `${split}.csv`), factorTable(dataset, files));
  }
  const { pixels, side } = sheet(splits[0]!);
  writeFileAtomic(join(folder, "sheet.png"), await png(pixels, side));
}
