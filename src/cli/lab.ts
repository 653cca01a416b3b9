/** `jessl lab`: JupyterLab with the kernel, one command after `npm install`. */
import { Command } from "commander";
import { JesslError } from "../support/errors.js";

/** JupyterLab ended with an error, which it has shown. */
class LabEndedError extends JesslError {}

export function labCommand(): Command {
  return new Command("lab")
    .description("Open JupyterLab with the kernel; installs it into .venv if there is none.")
    .argument("[arguments...]", "go to jupyter lab as they are")
    .allowUnknownOption()
    .addHelpText(
      "after",
      "\nExamples:\n  jessl lab\n  jessl lab notebooks/00-tour.ipynb\n  jessl lab --no-browser --port 8890",
    )
    .action(async (args: string[]) => {
      const { createLab, ensureKernel, findJupyterLab, start } = await import("../../kernel/install/lab.js");
      const say = (line: string) => process.stderr.write(`${line}\n`);
      const lab = findJupyterLab() ?? (await createLab(process.cwd(), say));
      say(`kernel: ${ensureKernel(lab)}`);
      const code = await start(lab, args);
      if (code !== 0 && code !== "SIGINT" && code !== "SIGTERM")
        throw new LabEndedError(`jupyter lab: expected it to end well, got ${code}`);
    });
}
