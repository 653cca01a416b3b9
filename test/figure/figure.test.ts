/** Figures: the SVG of each kind as a snapshot (never PNG bytes), intervals against the t distribution's table. */
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { apart } from "../../src/figure/sweep.js";
import {
  comparisonChart,
  embeddingMap,
  type Figure,
  formatInterval,
  heatMap,
  hostTensor,
  imageGrid,
  imageToPng,
  interval,
  layerChart,
  layOut,
  learningCurve,
  pairedInterval,
  renderPng,
  renderSvg,
  sweepFigure,
  wrapText,
} from "../../src/index.js";

const points = ["fixed recipe", "tuned"].flatMap((series, s) =>
  [16, 64, 256].flatMap((x, i) => [0, 1, 2].map((seed) => ({ series, x, y: 80 + s - 0.3 * i + 0.1 * seed }))),
);

const figures: Record<string, Figure> = {
  sweep: sweepFigure(points, {
    title: "Accuracy against batch size",
    caption: "Three runs each; bands are 95 % confidence intervals.",
    xTitle: "batch size",
    yTitle: "linear probe, % correct",
    xScale: "log",
    references: [{ label: "untrained", y: 79.2 }],
  }),
  "learning curve": learningCurve(
    Array.from({ length: 40 }, (_, i) => ({ x: i, y: 1 / (i + 1), series: "run" })),
    { title: "Loss", caption: "One run." },
  ),
  "heat map": heatMap(
    [0.001, 0.003].flatMap((y) => [16, 64].map((x) => ({ x, y, value: 1000 * y + x }))),
    { title: "Accuracy", caption: "One run.", xTitle: "batch", yTitle: "learning rate", valueTitle: "%" },
  ),
};

const batch = {
  images: Uint8Array.from({ length: 4 * 9 }, (_, i) => 7 * i),
  height: 3,
  width: 3,
  channels: 1,
};
const features = hostTensor(
  Float32Array.from({ length: 40 * 3 }, (_, i) => (i % 3 === 0 ? 5 * Math.floor(i / 60) : Math.sin(i))),
  [40, 3],
);

Object.assign(figures, {
  comparison: comparisonChart(
    points.map(({ series, x, y }) => ({ category: `method ${x}`, series, value: y - 80 })),
    { title: "Gain by method", caption: "Three runs each.", xTitle: "points", reference: 0 },
  ),
  "layer chart": layerChart([{ layer: "block1", value: 61.5, series: "run" }], {
    title: "Probe accuracy by layer",
    caption: "One run.",
    yTitle: "linear, %",
  }),
  "image grid": await imageGrid(
    [
      [
        { batch, index: 0, label: "bag" },
        { batch, index: 3, label: "coat", frame: "wrong" },
      ],
    ],
    { title: "Neighbours", caption: "A query.", columns: ["query", "1"] },
  ),
  "embedding map": await embeddingMap(
    [
      [0, 1],
      [1, 0],
    ],
    {
      title: "Map",
      caption: "Two samples.",
      labels: [0, 1],
      classes: ["a", "b"],
      images: batch,
    },
  ),
});

describe.each(Object.entries(figures))("%s", (_, figure) => {
  test("the same SVG every time, in either theme", async () => {
    const light = await renderSvg(figure);
    expect(light.replaceAll(/;base64,[^"]*/g, ";base64,…")).toMatchSnapshot();
    expect((await renderSvg(figure)) === light).toBe(true);
    const dark = await renderSvg(figure, { theme: "dark" });
    // Names differ as well, so that both can stand on one page.
    const names = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, name]) => name);
    expect(names(light).filter((name) => names(dark).includes(name))).toEqual([]);
    const colourless = (svg: string) =>
      svg.replace(/\bf[0-9a-f]{8}-/g, "").replace(/#[0-9a-f]{6}|rgb\([^)]*\)/g, "");
    expect(dark === light).toBe(false);
    expect(colourless(dark) === colourless(light)).toBe(true);
  });

  test("title and caption can be read in it", async () => {
    const svg = await renderSvg(figure);
    expect(svg).toContain(figure.title);
    expect(svg).toContain(figure.caption);
  });

  test("PNG of twice the SVG's size", async () => {
    const png = Buffer.from(await renderPng(figure));
    const [, width] = /<svg[^>]* width="(\d+)/.exec(await renderSvg(figure))!;
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect(png.readUInt32BE(16)).toBe(2 * Number(width));
  });
});

test("UMAP: the same seed gives the same map, and far groups stay apart", () => {
  const options = { neighbours: 5, seed: 3 };
  const map = layOut(features, options);
  expect(layOut(features, options)).toEqual(map);
  expect(layOut(features, { ...options, seed: 4 })).not.toEqual(map);
  const middle = (points: number[][]) =>
    [0, 1].map((axis) => points.reduce((sum, p) => sum + p[axis]!, 0) / 20);
  const [a, b] = [middle(map.slice(0, 20)), middle(map.slice(20))];
  const between = Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);
  const within = map.slice(0, 20).map((p) => Math.hypot(p[0]! - a[0]!, p[1]! - a[1]!));
  expect(between).toBeGreaterThan(Math.max(...within));
  expect(() => layOut(features, { neighbours: 40 })).toThrow(/features: expected \[more than 40/);
});

test("images: pixels come back from the PNG; wrong bytes are an error", async () => {
  const png = await imageToPng(batch, 2, 2);
  const { data, info } = await sharp(png).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([6, 6]);
  expect([data[0], data[1], data[2 * 6 * info.channels]]).toEqual([7 * 18, 7 * 18, 7 * 21]);
  await expect(imageToPng(batch, 4)).rejects.toThrow(/image 4: expected one of 4/);
  await expect(imageToPng({ ...batch, width: 5 }, 0)).rejects.toThrow(/whole images of \[3, 5, 1\]/);
});

test("intervals: textbook values, and a constant has no width", () => {
  // Five values of mean 3 and standard deviation √2.5: t(4) = 2.776.
  const { mean, low, high } = interval([1, 2, 3, 4, 5]);
  expect(mean).toBe(3);
  expect(high - mean).toBeCloseTo((2.776 * Math.sqrt(2.5)) / Math.sqrt(5), 10);
  expect(mean - low).toBeCloseTo(high - mean, 10);
  expect(interval([2, 2, 2])).toEqual({ mean: 2, low: 2, high: 2, count: 3 });
  expect(formatInterval(interval([7.25]))).toBe("7.3");
  expect(formatInterval({ mean: 1, low: 0.5, high: 1.5, count: 3 })).toBe("1.0 ± 0.5");
});

test("an interval of nothing is a dash, and decides nothing", () => {
  expect(interval([])).toMatchObject({ mean: Number.NaN, count: 0 });
  expect(formatInterval(interval([]))).toBe("–");
});

test("pairs: what is common to a pair does not widen the interval", () => {
  const { mean, low, high } = pairedInterval([11, 22, 33], [10, 21, 32]);
  expect([mean, low, high]).toEqual([1, 1, 1]);
});

test("wrapped text keeps every word, in lines that are not too long", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,9}$/)),
      fc.integer({ min: 9, max: 40 }),
      (words, width) => {
        const lines = wrapText(words.join(" "), width);
        expect(lines.join(" ").split(" ").filter(Boolean)).toEqual(words);
        expect(Math.max(0, ...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      },
    ),
  );
});

describe("labels of reference lines", () => {
  test("those that would touch stand around their middle, others where they belong", () => {
    expect(apart([0, 3, 100], 10)).toEqual([-3.5, 6.5, 100]);
    expect(apart([0, 3, 8, 9], 10)).toEqual([-10, 0, 10, 20]);
    expect(apart([], 10)).toEqual([]);
  });

  test("always in order and apart, and no further moved than the row is long", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -200, max: 200 }), { minLength: 1, maxLength: 8 }), (list) => {
        const wished = [...list].sort((a, b) => a - b);
        const places = apart(wished, 15);
        places.forEach((place, i) => {
          if (i > 0) expect(place - places[i - 1]!).toBeGreaterThanOrEqual(15 - 1e-9);
          expect(Math.abs(place - wished[i]!)).toBeLessThanOrEqual(15 * wished.length);
        });
      }),
    );
  });
});
