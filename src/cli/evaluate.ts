/** `jessl evaluate`: what the encoder of a run is worth, beside the untrained one and raw pixels. */
import { Command } from "commander";
import type { Evaluation } from "../evaluate/evaluate.js";
import { textTable } from "../support/table.js";
import type { RunEvaluation } from "../train/evaluation.js";

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("Measure the encoder of a run: kNN, linear probe, effective rank.")
    .argument("<run>", "the run's folder")
    .addHelpText("after", "\nExamples:\n  jessl evaluate runs/simclr-convnet-batch64-seed1")
    .action(async (run: string) => {
      const { evaluateRun } = await import("../train/evaluation.js");
      process.stdout.write(`${evaluationTable(await evaluateRun(run, { withPixels: true }))}\n`);
    });
}

const percent = (share: number): string => (100 * share).toFixed(1);

/** The table of an evaluation, for the terminal. */
export function evaluationTable({ trained, untrained, untrainedStatistics, pixels }: RunEvaluation): string {
  const row = (name: string, { knn, linear, effectiveRank }: Evaluation) => [
    name,
    percent(knn),
    percent(linear),
    effectiveRank?.toFixed(1),
  ];
  return textTable(
    [{ title: "test images" }, { title: "kNN %" }, { title: "linear %" }, { title: "effective rank" }],
    [
      row("this encoder", trained),
      row("untrained", untrained),
      row("untrained, statistics of data", untrainedStatistics),
      ...(pixels ? [row("raw pixels", pixels)] : []),
    ],
  );
}
