/** The table and the figures of single-patch: accuracy by condition, by σ and τ, by views of the patch, and over time. */
import { type CurvePoint, type Figure, heatMap, learningCurve, sweepFigure } from "../../src/figure/index.js";
import { groupBy } from "../../src/support/group.js";
import { type Course, lossParts } from "../support/course.js";
import { accuracyCells, seedsOf } from "../support/numbers.js";
import type { Conclusion, Row } from "../support/protocol.js";
import { sayingCopy } from "../support/stages.js";

/** @param scale the scale in words, for captions */
export function drawing(
  rows: readonly Row[],
  courses: readonly Course[],
  scale: string,
): Pick<Conclusion, "table" | "figures"> {
  const said = sayingCopy(scale, rows);
  const measured = rows.filter(({ condition }) => condition !== "tuning");
  const byCondition = groupBy(measured, ({ condition }) => condition);
  const figures: { name: string; figure: Figure }[] = [
    { name: "sigma-and-temperature", figure: bySigmaAndTemperature(rows, said) },
  ];
  const copies = ofSharedSeeds(
    measured.filter((row) => /^(noise only|standard), one patch(, k \d+)?$/.test(row.condition)),
  );
  if (new Set(copies.map((row) => row.copies)).size > 1)
    figures.push({ name: "views-of-the-patch", figure: byCopies(copies, said) });
  if (courses.length > 0)
    figures.push(
      { name: "rank-over-time", figure: rankOverTime(courses, said) },
      { name: "loss-parts-over-time", figure: lossOverTime(courses, said) },
    );
  return {
    table: {
      columns: ["condition", "σ", "τ", "kNN %", "linear %", "effective rank"],
      rows: [...byCondition].map(([condition, own]) => [
        condition,
        String(own[0]!.sigma ?? ""),
        String(own[0]!.temperature ?? ""),
        ...accuracyCells(own),
      ]),
    },
    figures,
  };
}

/** Without the seeds from which only the main number of views was trained: these would move its mean alone. */
function ofSharedSeeds(rows: readonly Row[]): Row[] {
  const varied = new Set(rows.filter(({ condition }) => condition.includes(", k ")).map(({ seed }) => seed));
  return rows.filter(({ seed }) => varied.has(seed));
}

function bySigmaAndTemperature(rows: readonly Row[], scale: string): Figure {
  return heatMap(
    rows
      .filter(({ condition }) => condition === "tuning")
      .map((row) => ({ x: row.sigma!, y: row.temperature!, value: row.knn })),
    {
      title: "One patch as the only negative: accuracy by noise and temperature",
      caption: `${scale} Here: kNN on held-out training images, seed 0 alone, from which σ and τ were chosen.`,
      xTitle: "σ, pixels in 0 … 1",
      yTitle: "τ",
      valueTitle: "kNN, %",
    },
  );
}

function byCopies(rows: readonly Row[], scale: string): Figure {
  return sweepFigure(
    rows.flatMap((row) => {
      const [positives] = row.condition.split(",");
      return [
        { x: Number(row.copies), y: row.knn, series: `${positives}: kNN` },
        { x: Number(row.copies), y: row.linear, series: `${positives}: linear probe` },
      ];
    }),
    {
      title: "Accuracy against the number of views of the one patch",
      caption: `${scale} Dots are runs, lines join their means.`,
      xTitle: "noisy views of the patch in a step",
      yTitle: "% correct",
      xScale: "log",
      // Two runs alone have an interval that would hide all else.
      bandFrom: Number.POSITIVE_INFINITY,
    },
  );
}

/** A line for each condition. */
function curves(courses: readonly Course[], value: (course: Course, i: number) => number): CurvePoint[] {
  return courses.flatMap((course) =>
    course.points.map(({ epoch }, i) => ({ x: epoch, y: value(course, i), series: course.condition })),
  );
}

/** Without the sources and the numbers of views, which are variations of the main condition. */
const shown = (courses: readonly Course[]): Course[] =>
  courses.filter(({ condition }) => !/k \d+$|patch of/.test(condition));

function rankOverTime(courses: readonly Course[], scale: string): Figure {
  return learningCurve(
    curves(shown(courses), ({ points }, i) => points[i]!.rank),
    {
      title: "Directions over which the embeddings spread, while training",
      caption: `${scale} (tr C)² / tr C² of the covariance C of a batch's embeddings, of length 1; seed ${seedsOf(courses)[0]} alone.`,
      xTitle: "epoch",
      yTitle: "effective rank of the embeddings",
    },
  );
}

function lossOverTime(courses: readonly Course[], scale: string): Figure {
  const withParts = shown(courses).filter(({ temperature }) => temperature !== undefined);
  const part = (name: "attraction" | "repulsion") =>
    curves(
      withParts,
      ({ points, temperature }, i) => lossParts(points[i]!, temperature!)[name] * temperature!,
    ).map((point) => ({ ...point, part: name }));
  return learningCurve([...part("attraction"), ...part("repulsion")], {
    title: "The two parts of the loss, while training",
    caption: `${scale} Attraction is −(mean cosine of two views of an image); repulsion is the rest of the loss times τ; seed ${seedsOf(courses)[0]} alone.`,
    xTitle: "epoch",
    yTitle: "part of the loss, times τ",
    height: 320,
  });
}
