/** `jessl train`: one encoder from one configuration. */
import { existsSync } from "node:fs";
import { Command } from "commander";
import type { Choice } from "../engine/run/choose.js";
import { ConfigError } from "../support/errors.js";
import { createProgress, formatSeconds, type Progress } from "../support/progress.js";
import type { TrainConfig } from "../train/config/schema.js";
import type { Metrics } from "../train/run-folder.js";
import { evaluationProgress, evaluationTable } from "./evaluate.js";
import { Interrupted } from "./exit.js";
import { interruptible } from "./interrupt.js";

interface TrainOptions {
  readonly resume?: string;
  readonly device?: string;
  readonly printConfig?: boolean;
  readonly runs: string;
}

export function trainCommand(): Command {
  return new Command("train")
    .description("Train an encoder and measure it.")
    .argument("[config]", "a YAML file; without it the defaults are used")
    .argument("[overrides...]", "values to change, such as optimiser.lr=0.01")
    .option("--resume <run>", "continue the run in this folder")
    .option("--device <name>", "the same as device=<name>: cpu, webgpu, cuda, tensorflow, wasm or auto")
    .option("--print-config", "print the configuration with an explanation of every key, and do nothing else")
    .option("--runs <folder>", "the folder for the runs' folders", "runs")
    .addHelpText(
      "after",
      "\nExamples:\n  jessl train\n  jessl train --print-config > my.yaml\n  jessl train my.yaml name=small-crops views.preset=grey views.pipelines.0.0.scale=[0.1,1]\n  jessl train epochs=20 optimiser.name=sgd optimiser.lr=0.1\n  jessl train --resume runs/small-crops",
    )
    .action(train);
}

async function train(first: string | undefined, rest: string[], options: TrainOptions): Promise<void> {
  // Without a file, the first argument is an override already.
  const isOverride = first?.includes("=") && !existsSync(first);
  const path = isOverride ? undefined : first;
  const overrides = isOverride ? [first!, ...rest] : rest;
  if (options.device !== undefined) overrides.push(`device=${options.device}`);
  if (options.resume !== undefined && (first !== undefined || overrides.length > 0))
    throw new ConfigError(
      `--resume ${options.resume}: expected nothing else, got ${[path, ...overrides].filter(Boolean).join(" ")}; a run goes on with the configuration it began with`,
    );
  const { readConfig } = await import("../train/config/parse.js");
  if (options.printConfig) {
    const { printConfig } = await import("../train/config/print.js");
    process.stdout.write(printConfig(readConfig(path, overrides)));
    return;
  }
  const { continueRun, startRun } = await import("../train/train.js");
  const run =
    options.resume === undefined
      ? startRun(readConfig(path, overrides), options.runs)
      : continueRun(options.resume);
  for (const warning of run.warnings) process.stderr.write(`warning: ${warning}\n`);
  const began = performance.now();
  const onDevice = ({ device, reason }: Choice): void => {
    process.stderr.write(`device ${device}: ${reason}\n`);
  };
  const progress = progressOf(run.config);
  const result = await interruptible(
    "Stopping after this step. Press Ctrl-C again to exit at once.",
    (signal) => run.train({ signal, onDevice, onStep: progress.onStep, onWarning: progress.onWarning }),
  );
  progress.stop();
  if (!result.finished) {
    process.stderr.write(
      `Stopped after step ${result.step} of ${result.totalSteps}. Continue with:\n  jessl train --resume ${run.path}\n`,
    );
    throw new Interrupted();
  }
  process.stdout.write(`Trained in ${formatSeconds((performance.now() - began) / 1000)}: ${run.path}\n`);
  const { evaluateRun } = await import("../train/evaluation.js");
  const evaluating = evaluationProgress();
  const evaluation = await evaluateRun(run.path, evaluating);
  evaluating.stop();
  process.stdout.write(`${evaluationTable(evaluation)}\n`);
}

/** What an evaluation between epochs found, if there was one: `· kNN 71.2 % · probes 70.1 65.0 60.2 %`. */
export function formatScores(metrics: Metrics): string | undefined {
  if (metrics.knn === undefined) return undefined;
  const percent = (share: number): string => (100 * share).toFixed(1);
  const probes = Object.entries(metrics).filter(([name]) => /^probe\/.*\/top1$/.test(name));
  const shown = probes.length > 0 ? ` · probes ${probes.map(([, share]) => percent(share)).join(" ")} %` : "";
  return ` · kNN ${percent(metrics.knn)} %${shown}`;
}

interface RunProgress {
  onStep(metrics: Metrics, totalSteps: number): void;
  onWarning(text: string): void;
  stop(): void;
}

function progressOf(config: TrainConfig): RunProgress {
  let bar: Progress | undefined;
  let scores = "";
  return {
    onStep(metrics, totalSteps) {
      const { step, epoch, loss } = metrics;
      bar ??= createProgress({
        title: "train",
        total: totalSteps * config.batch,
        start: step * config.batch,
        unit: "img",
      });
      scores = formatScores(metrics) ?? scores;
      const note = `epoch ${Math.min(config.epochs, Math.floor(epoch) + 1)}/${config.epochs} · loss ${loss?.toFixed(4)}${scores}`;
      bar.update(step * config.batch, note);
    },
    onWarning(text) {
      bar?.log(`warning: ${text}`);
    },
    stop() {
      bar?.stop();
    },
  };
}
