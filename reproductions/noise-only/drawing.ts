/** The table and the figures of noise-only: what each recipe keeps, task by task, and accuracy against σ. */
import { comparisonChart, type Figure, heatMap, sweepFigure } from "../../src/figure/index.js";
import { groupBy } from "../../src/support/group.js";
import { accuracyCells, betterOfUntrained, type Metric, meanOf, seedsOf } from "../support/numbers.js";
import type { Conclusion, Row } from "../support/protocol.js";
import { sayingCopy } from "../support/stages.js";

const listed = [
  "raw pixels",
  "untrained",
  "untrained, statistics of the data",
  "noise only",
  "standard",
  "supervised",
];

interface Cell {
  readonly task: string;
  readonly condition: string;
  readonly rows: readonly Row[];
}

/** The rows of each task under each condition. */
function cellsOf(rows: readonly Row[]): Cell[] {
  const tasks = groupBy(rows, ({ dataset, task }) => `${dataset}: ${task}`);
  return [...tasks].flatMap(([task, own]) =>
    listed
      .map((condition) => ({ task, condition, rows: own.filter((row) => row.condition === condition) }))
      .filter((cell) => cell.rows.length > 0),
  );
}

/** @param scale the scale in words, for captions */
export function drawing(rows: readonly Row[], scale: string): Pick<Conclusion, "table" | "figures"> {
  const cells = cellsOf(rows.filter(({ condition }) => condition !== "tuning"));
  const said = sayingCopy(scale, rows);
  return {
    table: {
      columns: ["task", "condition", "σ", "kNN %", "linear %", "effective rank"],
      rows: cells.map(({ task, condition, rows: own }) => [
        task,
        condition,
        String(own[0]!.sigma ?? ""),
        ...accuracyCells(own),
      ]),
    },
    figures: [
      ...(["knn", "linear"] as const).map((metric) => ({
        name: `task-by-recipe-${metric}`,
        figure: taskByRecipe(cells, metric, said),
      })),
      ...(new Set(cells.map(({ task }) => task)).size > 1
        ? [{ name: "gain-by-task", figure: gainByTask(cells, said) }]
        : []),
      { name: "sigma-sweep", figure: sigmaSweep(rows, said) },
    ],
  };
}

const metricTitles: Readonly<Record<Metric, string>> = { knn: "kNN", linear: "Linear probe" };

function taskByRecipe(cells: readonly Cell[], metric: Metric, scale: string) {
  return heatMap(
    cells.map(({ task, condition, rows }) => ({
      x: condition,
      y: task,
      value: meanOf(rows, metric),
    })),
    {
      title: `What each recipe keeps, task by task: ${metricTitles[metric]}`,
      caption: `${scale} ${metricTitles[metric]} on test images, mean over seeds; colours compare the recipes within a task.`,
      xTitle: "recipe",
      yTitle: "task",
      valueTitle: `${metricTitles[metric]}, %`,
      normalise: "y",
      cellWidth: 118,
    },
  );
}

/** What each recipe keeps and loses: its gain over the untrained encoder, task by task. */
function gainByTask(cells: readonly Cell[], scale: string): Figure {
  const untrained = new Map(
    [...groupBy(cells, ({ task }) => task)].map(([task, own]) => [
      task,
      betterOfUntrained(own.flatMap(({ rows }) => rows)),
    ]),
  );
  return comparisonChart(
    cells
      .filter(({ condition }) => ["noise only", "standard", "supervised"].includes(condition))
      .flatMap(({ task, condition, rows }) =>
        rows.flatMap((row) => {
          const before = untrained.get(task)!.get(row.seed);
          return before ? [{ category: task, series: condition, value: row.linear - before.linear }] : [];
        }),
      ),
    {
      title: "What each recipe gains over its untrained encoder, and loses",
      caption: `${scale} Linear probe on test images, differences paired by seed; rings are runs, bars 95 % confidence intervals of the mean. Position and scale are told in nine and four parts; the supervised encoder knows the first task's labels of its data set.`,
      xTitle: "linear probe, points above the untrained encoder",
      reference: 0,
    },
  );
}

function sigmaSweep(rows: readonly Row[], scale: string) {
  const tuning = rows.filter(({ condition }) => condition === "tuning");
  const main = [...groupBy(tuning, ({ dataset }) => dataset).values()].flatMap((own) =>
    own.filter(({ task }) => task === own[0]!.task),
  );
  const seed = seedsOf(tuning).join(", ");
  return sweepFigure(
    main.flatMap((row) =>
      (["knn", "linear"] as const).map((metric) => ({
        x: Number(row.sigma),
        y: row[metric],
        series: `${row.dataset}, ${metricTitles[metric]}`,
      })),
    ),
    {
      title: "Accuracy against the strength of the noise",
      caption: `${scale} Here: held-out training images, main task, seed ${seed} alone, from which σ was chosen.`,
      xTitle: "σ, pixels in 0 … 1",
      yTitle: "% correct",
      xScale: "log",
    },
  );
}
