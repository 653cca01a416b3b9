/** `jessl sweep`: many encoders, from a grid or a list of configurations. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { Interrupted } from "./exit.js";
import { interruptible } from "./interrupt.js";
import { wholeNumber } from "./numbers.js";

interface SweepCliOptions {
  readonly processes: number;
  readonly runs: string;
}

export function sweepCommand(): Command {
  return new Command("sweep")
    .description("Train over a grid or a list of configurations; one table at the end.")
    .argument("<sweep>", "a YAML file with name, base, grid and runs")
    .argument("[overrides...]", "values to change in the base, such as epochs=1")
    .option("--processes <n>", "runs at a time", wholeNumber, 1)
    .option("--runs <folder>", "the folder for the sweep's folder", "runs")
    .addHelpText(
      "after",
      "\nExample of a file:\n  name: lr\n  base: my.yaml                  # or keys and values\n  grid:\n    optimiser.lr: [1e-3, 3e-3]\n    seed: [1, 2, 3]\n\nThe same command again continues a sweep that was stopped.",
    )
    .action(sweep);
}

async function sweep(file: string, overrides: string[], options: SweepCliOptions): Promise<void> {
  const { readSweep } = await import("../train/sweep/spec.js");
  const { runSweep } = await import("../train/sweep/run.js");
  const { sweepTable } = await import("../train/sweep/results.js");
  const { formatSeconds } = await import("../support/progress.js");
  const spec = readSweep(file, overrides);
  const folder = join(options.runs, spec.name);
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  let ended = 0;
  const result = await interruptible(
    "Stopping after the running steps. Press Ctrl-C again to exit at once.",
    (signal) =>
      runSweep(spec, folder, {
        command: [process.execPath, main],
        processes: options.processes,
        signal,
        onRun(run, row) {
          if (!row) say(`begins: ${run.name}`);
          else if (row.status === "failed") say(`failed: ${run.name}: ${row.error}`);
          else if (row.status === "done")
            say(`done: ${run.name}, ${formatSeconds(row.seconds)} (${++ended} of ${spec.runs.length})`);
        },
      }),
  );
  process.stdout.write(`${sweepTable(result.rows)}\n\n${result.resultsPath}\n`);
  if (!result.finished) {
    say("Stopped. Continue with the same command.");
    throw new Interrupted();
  }
  const failed = result.rows.filter(({ status }) => status === "failed").length;
  if (failed > 0) {
    const { TrainingError } = await import("../support/errors.js");
    throw new TrainingError(
      `sweep ${folder}: ${failed} of ${result.rows.length} runs failed; see their log.txt`,
    );
  }
}
