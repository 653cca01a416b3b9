/** Figures: the SVG of each kind as a snapshot (never PNG bytes), intervals against the t distribution's table. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Figure,
  formatInterval,
  heatMap,
  interval,
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

describe.each(Object.entries(figures))("%s", (_, figure) => {
  test("the same SVG every time, in either theme", async () => {
    const light = await renderSvg(figure);
    expect(light).toMatchSnapshot();
    expect((await renderSvg(figure)) === light).toBe(true);
    const dark = await renderSvg(figure, { theme: "dark" });
    const colourless = (svg: string) => svg.replace(/#[0-9a-f]{6}|rgb\([^)]*\)/g, "");
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
