/** `jessl bench`: our steps and those of the peers, in turns on the same cores. */
import { Command } from "commander";
import type { DeviceName } from "../engine/run/device.js";
import { Interrupted } from "./exit.js";
import { interruptible } from "./interrupt.js";
import { wholeNumber } from "./numbers.js";

interface Options {
  readonly rounds: number;
  readonly turn: number;
  readonly threads?: number;
  readonly device: DeviceName;
  readonly peers?: string;
  readonly continue: boolean;
  readonly list: boolean;
  readonly readme: boolean;
  readonly profile: boolean;
  readonly out?: string;
}

export function benchCommand(): Command {
  return new Command("bench")
    .description("Measure the compiler against its peers on this machine.")
    .argument("[names...]", "works to measure, or `scaling`, `views` or `data`; all works when none is given")
    .option("--rounds <n>", "how often the sides take turns", wholeNumber, 7)
    .option("--turn <ms>", "how long a turn lasts, at least one step", wholeNumber, 1000)
    .option("--threads <n>", "threads of every side; all cores by default", wholeNumber)
    .option("--device <name>", "where our side runs", "cpu")
    .option("--peers <names>", "names of peers or beginnings of them, separated by commas")
    .option("--continue", "leave out what was measured here in the last day", false)
    .option("--list", "list works and peers", false)
    .option("--readme", "write the table of results.json into README.md, and measure nothing", false)
    .option("--profile", "of views: print the operators that they are made of", false)
    .option("--out <file>", "where the rows go; bench/results.json by default")
    .addHelpText(
      "after",
      "\nExamples:\n  jessl bench                              everything, about 15 minutes\n  jessl bench convnet --rounds 3\n  jessl bench --peers pytorch --continue   go on after an interruption\n  jessl bench scaling                      step time by batch, width and depth, with plots\n  jessl bench views [work…]                what augmentations cost, and their share of a step\n  jessl bench data                         loaders of images against torchvision's and FFCV's",
    )
    .action(bench);
}

async function bench(names: string[], options: Options): Promise<void> {
  const { resultsPath, readResults } = await import("../../bench/results.js");
  const out = options.out ?? resultsPath;
  if (options.readme) {
    const { writeReadme } = await import("../../bench/table.js");
    writeReadme(readResults(out));
    return;
  }
  if (options.list) {
    const { listing } = await import("../../bench/run.js");
    process.stdout.write(`${listing()}\n`);
    return;
  }
  const { runBench } = await import("../../bench/run.js");
  const { defaultThreads } = await import("../engine/run/threads.js");
  const log = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  if (names[0] === "views") {
    const { benchViews } = await import("../../bench/views.js");
    const { rounds, threads = defaultThreads(), profile } = options;
    await interruptible("Stopping after this work. Press Ctrl-C again to exit at once.", async (signal) => {
      await benchViews({ names: names.slice(1), rounds, threads, profile, signal, log });
    });
    return;
  }
  if (names[0] === "data") {
    const { benchData } = await import("../../bench/data.js");
    const { rounds, turn: turnMs, threads: workers = defaultThreads() } = options;
    await interruptible("Stopping after this round. Press Ctrl-C again to exit at once.", async (signal) => {
      await benchData({ names: names.slice(1), rounds, turnMs, workers, signal, log });
    });
    return;
  }
  if (names[0] === "scaling") {
    const { runScaling } = await import("../../bench/scaling.js");
    const { peers } = await import("../../bench/sides.js");
    const { rounds, turn: turnMs, threads = defaultThreads(), device } = options;
    const wanted = options.peers?.split(",") ?? ["pytorch channels_last"];
    const chosen = peers.filter(({ name, missing }) => wanted.includes(name) && missing() === undefined);
    await interruptible("Stopping after this point. Press Ctrl-C again to exit at once.", async (signal) => {
      await runScaling(chosen, { rounds, turnMs, threads, device, signal, out, log });
    });
    return;
  }
  await interruptible("Stopping after this work. Press Ctrl-C again to exit at once.", async (signal) => {
    await runBench({
      names,
      rounds: options.rounds,
      turnMs: options.turn,
      threads: options.threads ?? defaultThreads(),
      device: options.device,
      continue: options.continue,
      ...(options.peers !== undefined && { peers: options.peers.split(",").map((name) => name.trim()) }),
      out,
      signal,
      log,
    });
    if (signal.aborted) {
      process.stderr.write("Go on with:\n  jessl bench --continue\n");
      throw new Interrupted();
    }
  });
}
