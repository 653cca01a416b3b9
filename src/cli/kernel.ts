/** `jessl kernel install|remove|doctor`: makes Jupyter's front ends know the kernel, and says what is wrong with it. */
import { Command, Option } from "commander";
import type { Place } from "../../kernel/install/kernelspec.js";
import { JesslError } from "../support/errors.js";

interface PlaceOptions {
  readonly user?: boolean;
  readonly sysPrefix?: boolean;
  readonly prefix?: string;
  readonly name?: string;
  readonly displayName?: string;
}

/** A check of the doctor failed. */
class DoctorError extends JesslError {}

function withPlace(command: Command): Command {
  return command
    .addOption(new Option("--user", "in the user's Jupyter folder").conflicts(["sysPrefix", "prefix"]))
    .addOption(new Option("--sys-prefix", "in the active Python environment").conflicts("prefix"))
    .option("--prefix <folder>", "below this folder, in share/jupyter")
    .option("--name <name>", "the kernelspec's name", "jessl");
}

export function kernelCommand(): Command {
  const install = withPlace(new Command("install"))
    .description("Install the kernel for Jupyter's front ends (by default for this user).")
    .option("--display-name <text>", "the name that the front ends show")
    .action(async (options: PlaceOptions) => {
      const { installKernel } = await import("../../kernel/install/kernelspec.js");
      const { name, displayName } = options;
      const folder = installKernel({
        place: placeOf(options) ?? { user: true },
        ...(name === undefined ? {} : { name }),
        ...(displayName === undefined ? {} : { displayName }),
      });
      process.stdout.write(`installed in ${folder}\n`);
    });
  const remove = withPlace(new Command("remove"))
    .description("Remove the kernel (by default wherever Jupyter finds it).")
    .action(async (options: PlaceOptions) => {
      const { removeKernel } = await import("../../kernel/install/kernelspec.js");
      const place = placeOf(options);
      const gone = removeKernel({
        ...(place === undefined ? {} : { place }),
        ...(options.name === undefined ? {} : { name: options.name }),
      });
      for (const folder of gone) process.stdout.write(`removed ${folder}\n`);
    });
  const doctor = new Command("doctor")
    .description("Check all that a notebook needs, and run a cell.")
    .action(doctorAction);
  return new Command("kernel")
    .description("Install the Jupyter kernel, remove it, check it.")
    .addCommand(install)
    .addCommand(remove)
    .addCommand(doctor);
}

function placeOf({ user, sysPrefix, prefix }: PlaceOptions): Place | undefined {
  if (prefix !== undefined) return { prefix };
  if (sysPrefix === true) return { sysPrefix };
  return user === true ? { user } : undefined;
}

async function doctorAction(): Promise<void> {
  const { examine } = await import("../../kernel/install/doctor.js");
  const checks = await examine();
  for (const { name, state, detail, hint } of checks) {
    process.stdout.write(`${state.padEnd(8)}${name.padEnd(12)}${detail}\n`);
    if (hint !== undefined) process.stdout.write(`${" ".repeat(20)}→ ${hint}\n`);
  }
  const failed = checks.filter(({ state }) => state === "failed").length;
  if (failed > 0) throw new DoctorError(`kernel: ${failed} of ${checks.length} checks failed`);
}
