/** The grid of views: every image and every view of it, in its place, with its title. */
import sharp from "sharp";
import { expect, test } from "vitest";
import {
  centerCrop,
  gaussianNoise,
  horizontalFlip,
  hostTensor,
  imageGrid,
  imageToUrl,
  key,
  renderPng,
  renderSvg,
  viewGrid,
} from "../../src/index.js";

const images = hostTensor(
  Uint8Array.from({ length: 2 * 4 * 4 * 3 }, (_, i) => (i * 37) % 256),
  [2, 4, 4, 3],
);

test("rows are images, columns the image and the views of every draw", async () => {
  const pipelines = [[horizontalFlip({ probability: 1 })], [gaussianNoise(), centerCrop({ ratio: 0.5 })]];
  const grid = await viewGrid(images, pipelines, key(1), { draws: 3, cellSize: 40 });
  expect(grid.caption).toBe("view 1: horizontalFlip; view 2: gaussianNoise, centerCrop");
  const svg = await renderSvg(grid);
  expect(svg.match(/<image/g)).toHaveLength(2 * (1 + 2 * 3));
  expect(svg.match(/>view 2</g)).toHaveLength(3);
  const { width, height } = await sharp(await renderPng(grid, { scale: 1 })).metadata();
  expect(width).toBeGreaterThanOrEqual(7 * 40);
  expect(height).toBeGreaterThanOrEqual(2 * 40);
});

test("the pixels are those of the image and of the view", async () => {
  const grid = await viewGrid(images, [[horizontalFlip({ probability: 1 })]], key(1), { cellSize: 40 });
  const { values } = grid.spec.data as { values: { x: number; y: number; url: string }[] };
  const flipped = Uint8Array.from({ length: 96 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / 12), Math.floor(i / 3) % 4, i % 3];
    return images.data[y * 12 + (3 - x) * 3 + c]!;
  });
  for (const [x, bytes] of [images.data as Uint8Array, flipped].entries())
    for (const y of [0, 1]) {
      const url = await imageToUrl({ images: bytes, height: 4, width: 4, channels: 3 }, y, 20);
      expect(values.find((cell) => cell.x === x && cell.y === y)!.url).toBe(url);
    }
});

test("a figure without a caption has a size", async () => {
  const batch = { images: new Uint8Array(4), height: 2, width: 2, channels: 1 };
  const svg = await renderSvg(await imageGrid([[{ batch, index: 0 }]], { title: "T", caption: "" }));
  expect(svg).not.toContain("Infinity");
});
