/** The table of docs/methods.md from the results of sweeps/methods.yaml: node sweeps/methods-table.mjs [results.json] */
import { readFileSync } from "node:fs";

const { rows } = JSON.parse(readFileSync(process.argv[2] ?? "runs/methods/results.json", "utf8"));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share) => (100 * share).toFixed(1);
const untrained = ({ metrics }, probe) =>
  Math.max(metrics[`untrained.${probe}`], metrics[`untrainedStatistics.${probe}`]);

console.log(
  "| method | epochs | linear | untrained | gain, by seed | kNN | untrained | std | rank | seconds |\n|---|---:|---:|---:|---|---:|---:|---:|---:|---:|",
);
for (const name of new Set(rows.map(({ values }) => values.method.name))) {
  const own = rows.filter(({ values, status }) => values.method.name === name && status === "done");
  const gains = own.map((row) => row.metrics.linear - untrained(row, "linear"));
  const of = (key) => mean(own.map(({ metrics }) => metrics[key]));
  const cells = [
    `\`${name}\``,
    own[0].values.epochs ?? 6,
    percent(of("linear")),
    percent(mean(own.map((row) => untrained(row, "linear")))),
    `+${percent(mean(gains))} (${gains.map((gain) => `${gain < 0 ? "−" : "+"}${percent(Math.abs(gain))}`).join(", ")})`,
    percent(of("knn")),
    percent(mean(own.map((row) => untrained(row, "knn")))),
    of("std").toFixed(2),
    of("rank").toFixed(1),
    mean(own.map(({ seconds }) => seconds)).toFixed(0),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
