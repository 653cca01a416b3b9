#!/usr/bin/env node
/**
 * The command line: one file a command, each a factory that returns a commander command. What a command needs is
 * imported when it runs, so that `jessl --help` answers at once. Exit codes: 0 done, 1 failed, 2 wrong usage,
 * 130 interrupted by Ctrl-C.
 */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { ConfigError, JesslError } from "../support/errors.js";
import { version } from "../support/package.js";
import { stopBars } from "../support/progress.js";
import { benchCommand } from "./bench.js";
import { dataCommand } from "./data.js";
import { doctorCommand } from "./doctor.js";
import { evaluateCommand } from "./evaluate.js";
import { exitCode, Interrupted } from "./exit.js";
import { exportCommand } from "./export.js";
import { headlinesCommand } from "./headlines.js";
import { installCommand } from "./install.js";
import { kernelCommand } from "./kernel.js";
import { labCommand } from "./lab.js";
import { notebookCommand } from "./notebook.js";
import { reproduceCommand } from "./reproduce.js";
import { sweepCommand } from "./sweep.js";
import { trainCommand } from "./train.js";

// biome-ignore format: a line a command
const commands = [
  trainCommand, sweepCommand, evaluateCommand, exportCommand, reproduceCommand, headlinesCommand, dataCommand,
  labCommand, notebookCommand, kernelCommand,
  benchCommand,
  installCommand,
  doctorCommand,
];

/** The command `jessl` with all its subcommands. */
export function createCli(): Command {
  const cli = new Command("jessl")
    .description("Joint-embedding self-supervised learning in TypeScript, on native code.")
    .version(version, "-V, --version", "print the version")
    .option("--verbose", "print the stack of an error")
    .helpCommand(false)
    .showHelpAfterError("(see jessl --help)")
    .showSuggestionAfterError(true)
    .addHelpText(
      "after",
      "\nExamples:\n  jessl train                              train with the defaults\n  jessl train --print-config > my.yaml     write the defaults, explained, to change them\n  jessl train my.yaml seed=2 batch=128     train with them, but for two values\n  jessl train --resume runs/my-run         go on where a run was stopped",
    );
  for (const command of commands) cli.addCommand(command());
  return cli;
}

/** Runs the command line and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const cli = createCli();
  overrideExit(cli);
  try {
    await cli.parseAsync(argv as string[]);
    return exitCode.done;
  } catch (error) {
    stopBars();
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    if (error instanceof Interrupted) return exitCode.interrupted;
    report(error as Error, cli.opts<{ verbose?: boolean }>().verbose ?? false);
    return error instanceof ConfigError ? exitCode.usage : exitCode.failed;
  }
}

/** Commander ends the process on wrong usage; here it throws, in subcommands too. */
function overrideExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) overrideExit(child);
}

function report(error: Error, verbose: boolean): void {
  if (error instanceof JesslError) process.stderr.write(`jessl: ${error.message}\n`);
  else process.stderr.write(`jessl: unexpected error: ${error.message}\n`);
  if (verbose) process.stderr.write(`${error.stack ?? ""}\n`);
  else if (!(error instanceof JesslError)) process.stderr.write("Run it with --verbose to see where.\n");
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv);
