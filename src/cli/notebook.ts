/** `jessl notebook run`: executes a notebook over the kernel, without Python. */
import { Command } from "commander";
import { ConfigError, JesslError } from "../support/errors.js";
import { formatSeconds } from "../support/progress.js";
import { Interrupted } from "./exit.js";
import { interruptible } from "./interrupt.js";
import { positiveNumber } from "./numbers.js";

interface RunOptions {
  readonly parameter?: [name: string, value: string][];
  readonly output?: string;
  readonly timeout?: number;
  readonly allowErrors?: boolean;
  readonly cwd?: string;
}

/** A cell failed. */
class CellError extends JesslError {}

const separator = "\0";

/** Commander's options take one value or all that follow; `-p name value` takes two. */
class PairCommand extends Command {
  override parseOptions(args: string[]) {
    const joined: string[] = [];
    for (let i = 0; i < args.length; i += 1) {
      joined.push(args[i]!);
      if (args[i] !== "-p" && args[i] !== "--parameter") continue;
      const pair = args.slice(i + 1, i + 3);
      if (pair.length < 2)
        throw new ConfigError(`${args[i]}: expected a name and a value, got ${pair.join(" ") || "nothing"}`);
      joined.push(pair.join(separator));
      i += 2;
    }
    return super.parseOptions(joined);
  }
}

export function notebookCommand(): Command {
  const run = new PairCommand("run")
    .description("Execute a notebook and save its outputs.")
    .argument("<file>", "the notebook (.ipynb)")
    .option("-p, --parameter <name value>", "set a parameter; may be given again", collect)
    .option("-o, --output <file>", "write the executed notebook here instead of into the file itself")
    .option("--timeout <seconds>", "how long a cell may take", positiveNumber)
    .option("--allow-errors", "go on after a cell that fails")
    .option("--cwd <folder>", "the folder that the kernel works in; by default the notebook's")
    .addHelpText(
      "after",
      "\nParameters go into a cell after the one tagged `parameters`. A value that reads as JSON is taken as that\n(3, true, [1, 2]), another one as text.\n\nExamples:\n  jessl notebook run notebooks/00-tour.ipynb\n  jessl notebook run tour.ipynb -p epochs 5 -p method byol -o out.ipynb --timeout 600",
    )
    .action(runAction);
  return new Command("notebook").description("Execute notebooks.").addCommand(run);
}

function collect(pair: string, before: [string, string][] = []): [string, string][] {
  const at = pair.indexOf(separator);
  return [...before, [pair.slice(0, at), pair.slice(at + 1)]];
}

async function runAction(file: string, options: RunOptions): Promise<void> {
  const { runNotebook } = await import("../../kernel/notebook/run.js");
  const { parseParameters } = await import("../../kernel/notebook/parameters.js");
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const { output, timeout, allowErrors, cwd } = options;
  let place = "";
  const result = await interruptible(
    "Interrupting the cell and saving. Press Ctrl-C again to exit at once.",
    (signal) =>
      runNotebook(file, {
        parameters: parseParameters(options.parameter ?? []),
        signal,
        ...(output === undefined ? {} : { output }),
        ...(timeout === undefined ? {} : { timeout }),
        ...(allowErrors === undefined ? {} : { allowErrors }),
        ...(cwd === undefined ? {} : { folder: cwd }),
        onWarning: (text) => say(`warning: ${text}`),
        onCell: ({ source }, number, total) => {
          place = `[${number}/${total}] ${firstLine(source)}`;
          if (process.stderr.isTTY) process.stderr.write(place);
        },
        onCellDone: (_cell, seconds, failure) => {
          const how =
            failure === undefined ? `${seconds.toFixed(1)} s` : `failed after ${seconds.toFixed(1)} s`;
          say(`${process.stderr.isTTY ? "\r\u001b[2K" : ""}${place} · ${how}`);
        },
      }),
  );
  const { failed } = result;
  if (failed === undefined) {
    process.stdout.write(`${result.output}: ${result.cells} cells in ${formatSeconds(result.seconds)}\n`);
    return;
  }
  const { number, cell, failure } = failed;
  say(`\ncell ${number} of ${file}:\n`);
  say(cell.source.replace(/^/gm, "    "));
  say(`\n${colours(failure.traceback.join("\n") || `${failure.ename}: ${failure.evalue}`)}\n`);
  if (failure.kind === "interrupted") {
    say(`Interrupted; what ran is saved in ${result.output}`);
    throw new Interrupted();
  }
  throw new CellError(
    `cell ${number}: ${failure.ename}: ${failure.evalue.split("\n")[0]} (outputs so far are in ${result.output})`,
  );
}

/** The first line with code in it. */
function firstLine(source: string): string {
  const lines = source.split("\n").map((line) => line.trim());
  const line = lines.find((text) => text !== "" && !text.startsWith("//")) ?? lines[0] ?? "";
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function colours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with a control character
  return process.stderr.isTTY ? text : text.replace(/\u001b\[[\d;]*m/g, "");
}
