/** Legends above a plot: as wide as the plot at most, however many entries there are, and one below the other. */
import { expect, test } from "vitest";
import { heatMap, learningCurve, renderSvg, sweepFigure, vegaLiteSpec } from "../../src/index.js";

const conditions = [
  "one patch",
  "no negative at all",
  "negatives of the batch",
  "standard positives",
  "bare",
];

const widthOf = (svg: string): number => Number(/ width="(\d+(?:\.\d+)?)"/.exec(svg)![1]);

const curve = (count: number, parts: readonly string[] = []) =>
  learningCurve(
    conditions
      .slice(0, count)
      .flatMap((series, s) =>
        (parts.length > 0 ? parts : [undefined]).flatMap((part) =>
          [0, 1, 2].map((x) => ({ x, y: s + x, series, ...(part && { part }) })),
        ),
      ),
    { title: "Curves", caption: "Made up.", width: 300 },
  );

test("many entries take rows, and the figure is no wider than with one entry", async () => {
  const one = widthOf(await renderSvg(curve(1)));
  expect(widthOf(await renderSvg(curve(5)))).toBeLessThanOrEqual(one + 60);
  expect(widthOf(await renderSvg(curve(5, ["attraction", "repulsion"])))).toBeLessThanOrEqual(one + 60);
});

test("parts of a series are lines of its colour, told apart by dashes", async () => {
  const svg = await renderSvg(curve(2, ["attraction", "repulsion"]));
  expect(
    svg.match(/<path aria-label="[^"]*series: one patch[^"]*part: (attraction|repulsion)/g),
  ).toHaveLength(2);
  expect(svg).toContain("stroke-dasharray");
  expect(await renderSvg(curve(2))).not.toContain("part:");
});

test("bands need as many runs as is said", () => {
  const points = [1, 2].flatMap((x) => [0, 1].map((seed) => ({ x, y: seed, series: "a" })));
  const text = { title: "", caption: "", xTitle: "", yTitle: "" };
  const bands = (bandFrom?: number): number => {
    const { layer } = sweepFigure(points, { ...text, ...(bandFrom && { bandFrom }) }).spec as unknown as {
      layer: { data: { values: unknown[] } }[];
    };
    return layer[0]!.data.values.length;
  };
  expect([bands(), bands(3)]).toEqual([2, 0]);
});

test("a heat map of few rows has no scale of colours beside it", () => {
  const map = (rows: number) =>
    JSON.stringify(
      vegaLiteSpec(
        heatMap(
          Array.from({ length: rows }, (_, y) => ({ x: 1, y, value: y })),
          { title: "", caption: "", xTitle: "σ", yTitle: "τ", valueTitle: "%" },
        ),
      ),
    );
  expect(map(1)).toContain('"legend":null');
  expect(map(4)).toContain("gradientLength");
});
