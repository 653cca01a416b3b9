/** What the headers of JPEG files say. */
import sharp from "sharp";
import { expect, test } from "vitest";
import { jpegEnds, jpegSize } from "../../src/data/jpeg-size.js";

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
  expect(jpegEnds(jpeg)).toBe(true);
  for (let end = 0; end < jpeg.length; end++) expect(jpegEnds(jpeg.subarray(0, end))).toBe(false);
});
