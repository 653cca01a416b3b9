/** libjpeg-turbo decodes parts of images to the bits that sharp decodes, however they are encoded. */
import { createRequire } from "node:module";
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { jpegSize } from "../../src/data/jpeg-size.js";
import { turboDecoder, turboPackages } from "../../src/data/turbo.js";
import { bits, key } from "../../src/random/index.js";
import { boxesWithin } from "../support/boxes.js";
import { describeWith } from "../support/needs.js";

/** What is used of the binding, which encodes in ways that sharp does not. */
interface Binding {
  compressSync(raw: Buffer, options: Readonly<Record<string, number>>): Buffer;
  readonly FORMAT_RGB: number;
  readonly SAMP_444: number;
  readonly SAMP_422: number;
  readonly SAMP_420: number;
  readonly SAMP_440: number;
  readonly SAMP_GRAY: number;
}

const [height, width] = [71, 83];

/** An image of strong colours that change within some pixels. */
async function pixels(): Promise<Buffer> {
  const small = new Uint8Array(bits(key(1), new Uint32Array(12 * 12)).buffer).subarray(0, 12 * 12 * 3);
  return sharp(small, { raw: { width: 12, height: 12, channels: 3 } })
    .resize(width, height, { fit: "fill" })
    .raw()
    .toBuffer();
}

const boxes = boxesWithin(height, width);

describeWith(
  turboPackages.map((name) => `npm:${name}` as const),
  "libjpeg-turbo",
  () => {
    const files = async (): Promise<Record<string, Buffer>> => {
      const binding = createRequire(import.meta.url)(turboPackages[1]) as Binding;
      const raw = await pixels();
      const image = sharp(raw, { raw: { width, height, channels: 3 } });
      const sampled = (subsampling: number): Buffer =>
        binding.compressSync(raw, { format: binding.FORMAT_RGB, width, height, quality: 90, subsampling });
      return {
        "4:4:4": sampled(binding.SAMP_444),
        "4:2:2": sampled(binding.SAMP_422),
        "4:2:0": sampled(binding.SAMP_420),
        "4:4:0": sampled(binding.SAMP_440),
        grey: sampled(binding.SAMP_GRAY),
        progressive: await image.clone().jpeg({ progressive: true }).toBuffer(),
        optimised: await image.clone().jpeg({ mozjpeg: true, quality: 60 }).toBuffer(),
      };
    };

    test("parts are the same bits as those of the image that sharp decodes", async () => {
      const decode = turboDecoder();
      for (const [name, file] of Object.entries(await files())) {
        const expected = await sharp(file).toColourspace("srgb").raw().toBuffer();
        expect(expected, name).toHaveLength(3 * height * width);
        const size = jpegSize(file)!;
        expect(size).toEqual({ height, width });
        fc.assert(
          fc.property(boxes, (wanted) => {
            let [memory, part] = [new Uint8Array(), wanted];
            const done = decode(file, size, wanted, (decoded) => {
              part = decoded;
              memory = new Uint8Array(3 * decoded.height * decoded.width);
              return memory;
            });
            expect(done).toBe(true);
            for (let row = wanted.top; row < wanted.top + wanted.height; row++) {
              const from = 3 * ((row - part.top) * part.width + wanted.left - part.left);
              const at = 3 * (row * width + wanted.left);
              const got = Buffer.from(memory.subarray(from, from + 3 * wanted.width));
              expect(got.equals(expected.subarray(at, at + 3 * wanted.width)), name).toBe(true);
            }
          }),
          { numRuns: 200, seed: 1 },
        );
      }
    });

    test("what is no JPEG file of that size is left to sharp", async () => {
      const decode = turboDecoder();
      const image = sharp(await pixels(), { raw: { width, height, channels: 3 } });
      const jpeg = await image.clone().jpeg().toBuffer();
      const all = { top: 0, left: 0, height, width };
      const memory = (): Uint8Array => new Uint8Array(3 * height * width);
      expect(decode(jpeg, { height, width }, all, memory)).toBe(true);
      expect(decode(jpeg, { height: height - 1, width }, { ...all, height: height - 1 }, memory)).toBe(false);
      expect(decode(await image.clone().png().toBuffer(), { height, width }, all, memory)).toBe(false);
      expect(decode(new Uint8Array(), { height, width }, all, memory)).toBe(false);
      for (const length of [jpeg.length >> 1, 200, 30, 2])
        expect(decode(jpeg.subarray(0, length), { height, width }, all, memory), `${length}`).toBe(false);
      expect(decode(jpeg, { height, width }, all, memory), "the next one").toBe(true);
    });
  },
);
