/** `jessl evaluate`: what the encoder of a run is worth, beside the untrained one and raw pixels; or over many tasks. */
import { Command, Option } from "commander";
import type { Evaluation } from "../evaluate/evaluate.js";
import type { TaskScores } from "../evaluate/evaluate-tasks.js";
import type { KnnOptions } from "../evaluate/knn.js";
import { createProgress, type Progress } from "../support/progress.js";
import { textTable } from "../support/table.js";
import type { RunTasks } from "../train/evaluate-tasks.js";
import type { RunEvaluation, RunEvaluationProgress } from "../train/evaluation.js";
import { positiveNumber } from "./numbers.js";

interface Options {
  readonly tasks?: string;
  readonly k: number;
  readonly temperature: number;
  readonly distance: NonNullable<KnnOptions["distance"]>;
  readonly json: boolean;
  readonly output?: string;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description(
      "Measure the encoder of a run: kNN, linear and MLP probes, effective rank; on its data or on tasks.",
    )
    .argument("<run>", "the run's folder")
    .option("--tasks <names>", "downstream tasks in place of the run's own data, separated by commas")
    .option("--k <neighbours>", "neighbours that vote in kNN", positiveNumber, 20)
    .option("--temperature <value>", "temperature of their votes", positiveNumber, 0.07)
    .addOption(
      new Option("--distance <name>", "distance in kNN").choices(["cosine", "euclidean"]).default("cosine"),
    )
    .option("--json", "print JSON", false)
    .option("-o, --output <file>", "write the JSON to a file too")
    .addHelpText(
      "after",
      "\nExamples:\n  jessl evaluate runs/simclr-convnet-batch64-seed1\n  jessl evaluate runs/my-run --tasks fashion-mnist,scenes:shape,scenes:position -o tasks.json\n  jessl evaluate runs/my-run --tasks scenes            every factor of the synthetic scenes\n\nTasks: fashion-mnist, fashion-mnist-full, cifar10, cifar100, scenes:<factor>.",
    )
    .action(evaluate);
}

async function evaluate(run: string, { tasks, json, output, ...knn }: Options): Promise<void> {
  const { k, temperature, distance } = knn;
  const progress = evaluationProgress();
  process.stderr.write(`Reading ${run} and the images of ${tasks ?? "its data set"}\n`);
  const options = { knn: { k, temperature, distance }, ...progress };
  let result: RunEvaluation | RunTasks;
  let table: string;
  if (tasks === undefined) {
    const { evaluateRun } = await import("../train/evaluation.js");
    const evaluation = await evaluateRun(run, { withPixels: true, mlp: true, ...options });
    [result, table] = [evaluation, evaluationTable(evaluation)];
  } else {
    const { evaluateRunTasks } = await import("../train/evaluate-tasks.js");
    const names = tasks.split(",").map((name) => name.trim());
    const evaluation = await evaluateRunTasks(run, names, options);
    [result, table] = [evaluation, taskTable(evaluation)];
  }
  progress.stop();
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (output !== undefined) {
    const { writeFileAtomic } = await import("../support/atomic.js");
    writeFileAtomic(output, text);
  }
  process.stdout.write(json ? text : `${table}\n`);
}

/** Shows how far an evaluation is, and how long it will take; images that are decoded before have a bar of their own. */
export function evaluationProgress(): Required<RunEvaluationProgress> & { stop(): void } {
  let bar: Progress | undefined;
  let title = "";
  const barOf = (name: string, total: number, unit: string): Progress => {
    if (name !== title) {
      bar?.stop();
      bar = createProgress({ title: name, total, unit });
      title = name;
    }
    return bar!;
  };
  return {
    onRead: (what, done, total) => barOf(`read ${what}`, total, "img").update(done),
    onProgress: ({ part, done, total }) => barOf("evaluate", total, "parts").update(done, part),
    stop: () => bar?.stop(),
  };
}

const percent = (share: number): string => (100 * share).toFixed(1);

/** The table of an evaluation, for the terminal. */
export function evaluationTable({ trained, untrained, untrainedStatistics, pixels }: RunEvaluation): string {
  const withMlp = trained.mlp !== undefined;
  const row = (name: string, { knn, linear, mlp, effectiveRank }: Evaluation) => [
    name,
    percent(knn),
    percent(linear),
    ...(withMlp ? [mlp === undefined ? undefined : percent(mlp)] : []),
    effectiveRank?.toFixed(1),
  ];
  return textTable(
    ["test images", "kNN %", "linear %", ...(withMlp ? ["MLP %"] : []), "effective rank"].map((title) => ({
      title,
    })),
    [
      row("this encoder", trained),
      row("untrained", untrained),
      row("untrained, statistics of data", untrainedStatistics),
      ...(pixels ? [row("raw pixels", pixels)] : []),
    ],
  );
}

/** The table of an encoder over tasks, for the terminal: three encoders a task. */
export function taskTable({ tasks }: RunTasks): string {
  const cells = (scores: TaskScores) =>
    "r2" in scores
      ? [undefined, undefined, undefined, undefined, scores.r2.toFixed(3)]
      : [scores.knn, scores.linear, scores.mlp, scores.linearTop5].map(percent);
  const rows = tasks.flatMap(({ task, trained, untrained, untrainedStatistics }) => [
    [task, "this one", ...cells(trained)],
    ["", "untrained", ...cells(untrained)],
    ["", "untrained, statistics of data", ...cells(untrainedStatistics)],
  ]);
  const titles = ["kNN %", "linear %", "MLP %", "linear top-5 %", "R²"].map((title) => ({ title }));
  const table = textTable([{ title: "task" }, { title: "encoder", align: "left" }, ...titles], rows);
  const notes = tasks.flatMap(({ task, converted }) =>
    converted === null ? [] : [`${task}: images ${converted}`],
  );
  return [table, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}
