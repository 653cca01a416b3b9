/**
 * 10,000 mutated files for each parser: what comes is a DataError or a right result, never a crash, a hang or a gigabyte.
 * A result is right when it has the form that was promised; a flipped pixel is no fault that a parser could see.
 */
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { BetonFile } from "../../src/data/beton/reader.js";
import { decodeCifar } from "../../src/data/cifar.js";
import { decodeImage } from "../../src/data/decode.js";
import { decodeIdx } from "../../src/data/idx.js";
import { jpegSize } from "../../src/data/jpeg-size.js";
import { readParquet } from "../../src/data/parquet.js";
import { readTar } from "../../src/data/tar.js";
import { turboDecoder, turboPackages } from "../../src/data/turbo.js";
import { DataError } from "../../src/support/errors.js";
import {
  below,
  fuzz as fuzzAny,
  mutate,
  type Random,
  randomBytes as random,
  slowCases,
} from "../support/fuzz.js";
import { describeWith } from "../support/needs.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Only an error of the data is right. */
const fuzz = (seed: number, attempt: (next: Random) => unknown, count?: number): Promise<number> =>
  fuzzAny(seed, attempt, count, DataError);

test("IDX, packed and plain", async () => {
  const plain = Buffer.concat([
    Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 6),
    random(120, 1),
  ]);
  const packed = gzipSync(plain);
  await fuzz(1, (next) => {
    const { shape, data } = decodeIdx(next() < 0.5 ? mutate(plain, next, 0, 20) : mutate(packed, next));
    expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
  });
});

test("CIFAR", async () => {
  const file = random(3 * 3073, 2);
  for (let i = 0; i < 3; i++) file[i * 3073] = i;
  await fuzz(2, (next) => {
    const { images, labels } = decodeCifar(mutate(file, next, 3073 * below(next, 3), 3073 * 3), "cifar10");
    expect(images.length).toBe(3072 * labels.length);
    for (const label of labels) expect(label < 10).toBe(true);
  });
});

test("tar", async () => {
  const header = Buffer.alloc(512);
  header.write("folder/name");
  header.write("0000644\0", 100);
  header.write("00000000700\0", 124);
  header.write("        0", 148);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 0`, 148);
  const archive = Buffer.concat([header, random(512, 3), Buffer.alloc(1024)]);
  expect([...readTar(archive).keys()]).toEqual(["folder/name"]);
  await fuzz(3, (next) => {
    for (const content of readTar(mutate(archive, next, 0, 512)).values())
      expect(content.length).toBeLessThan(archive.length);
  });
});

test("parquet", async () => {
  const file = readFileSync(join(import.meta.dirname, "fixtures", "images.parquet"));
  const path = join(folder, "images.parquet");
  await fuzz(
    4,
    async (next) => {
      writeFileSync(path, mutate(file, next));
      const { encoded, labels, classes } = await readParquet(path);
      expect(encoded.length).toBe(labels.length);
      for (const label of labels) expect(label >= 0 && label < classes.length).toBe(true);
    },
    slowCases,
  );
}, 300_000);

test(".beton", async () => {
  const file = gunzipSync(readFileSync(join(import.meta.dirname, "beton/fixtures/all.beton.gz")));
  const path = join(folder, "all.beton");
  writeFileSync(path, file);
  const out = openSync(path, "r+");
  // The file is two megabytes of zeros with something at its beginning and its end: these parts are changed in place.
  const parts = [
    [0, 24 + 7 * 1041 + 3 * 96],
    [2 ** 21, 2 ** 21 + 600],
    [file.length - 15 * 24, file.length],
  ] as const;
  await fuzz(
    5,
    (next) => {
      const [from, to] = parts[next() < 0.7 ? 0 : 1 + below(next, 2)]!;
      // In the descriptors most bytes are zero; what means something is changed more often.
      const start = from === 0 ? [0, 24 + 1041 * below(next, 7), 24 + 7 * 1041][below(next, 3)]! : from;
      const part = mutate(
        file.subarray(from, to),
        next,
        start - from,
        from === 0 && start < 24 + 7 * 1041 ? start + 45 : to - from,
      );
      writeSync(out, part, 0, part.length, from);
      if (part.length < to - from) ftruncateSync(out, from + part.length);
      try {
        using beton = new BetonFile(path);
        const read = {
          float: "float",
          int: "bigint",
          rgb: "image",
          bytes: "bytes",
          json: "json",
          ndarray: "array",
          custom: "bytes",
        } as const;
        for (let i = 0; i < Math.min(beton.count, 5); i++)
          for (const [name, { type }] of Object.entries(beton.fields)) {
            const value = beton[read[type]](name, i);
            if (type === "rgb") {
              const { mode, width, height, data } = value as ReturnType<BetonFile["image"]>;
              if (mode === "raw") expect(data.length).toBe(3 * width * height);
            }
          }
      } finally {
        if (part.length < to - from) writeSync(out, file.subarray(from), 0, file.length - from, from);
        else writeSync(out, file.subarray(from, to), 0, to - from, from);
      }
    },
    slowCases,
  );
  closeSync(out);
}, 300_000);

test.each(["jpeg", "png", "webp"] as const)(
  "images: %s",
  async (format) => {
    const pixels = random(3 * 16 * 12, 6).map((value) => value >> 2);
    const file = await sharp(pixels, { raw: { width: 16, height: 12, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    await fuzz(
      6,
      async (next) => {
        const { pixels, height, width } = await decodeImage(mutate(file, next), { channels: 3 });
        expect(pixels.length).toBe(3 * height * width);
      },
      slowCases,
    );
  },
  300_000,
);

test("the header of JPEG files", async () => {
  const pixels = random(3 * 16 * 12, 7);
  const raw = { width: 16, height: 12, channels: 3 as const };
  const file = await sharp(pixels, { raw }).jpeg().toBuffer();
  const header = file.subarray(0, file.length - 200);
  await fuzz(7, (next) => {
    const size = jpegSize(mutate(header, next));
    if (!size) throw new DataError("none");
    expect(size.height * size.width).toBeLessThanOrEqual(2 ** 26);
  });
});

describeWith(
  turboPackages.map((name) => `npm:${name}` as const),
  "libjpeg-turbo",
  () => {
    test("decodes mutated files, or leaves them to sharp", async () => {
      const decode = turboDecoder();
      const raw = { width: 40, height: 36, channels: 3 as const };
      // Of little contrast: of strong noise hardly a changed file is one without a warning.
      const image = sharp(
        random(3 * 40 * 36, 8).map((value) => value >> 5),
        { raw },
      );
      for (const [round, options] of [{}, { chromaSubsampling: "4:4:4", progressive: true }].entries()) {
        const file = await image.clone().jpeg(options).toBuffer();
        await fuzz(8 + 10 * round, (next) => {
          const bytes = mutate(file, next);
          const size = jpegSize(bytes);
          // A size that a flipped bit makes may be large; it is refused here as a trainer's memory would be.
          if (!size || size.height * size.width > 2 ** 20) throw new DataError("none, or too large");
          const top = Math.floor(size.height / 3);
          const left = Math.floor(size.width / 2);
          const wanted = { top, left, height: size.height - top, width: Math.ceil(size.width / 4) };
          let guard = new Uint8Array();
          const done = decode(bytes, size, wanted, ({ height, width }) => {
            guard = new Uint8Array(3 * height * width + 64).fill(77);
            return guard.subarray(32, -32);
          });
          expect([...guard.subarray(0, 32), ...guard.subarray(-32)].every((value) => value === 77)).toBe(
            true,
          );
          if (!done) throw new DataError("left to sharp");
        });
      }
    }, 300_000);
  },
);
