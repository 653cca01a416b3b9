/**
 * JupyterLab for `jessl lab`: the one of the active environment, of `.venv` or of PATH; where there is none, a pinned
 * one is installed into `.venv`, so that it is the same for everyone and touches nothing else.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { JesslError } from "../../src/support/errors.js";
import { installKernel } from "./kernelspec.js";
import { findProgram } from "./paths.js";

/** What goes into `.venv`: JupyterLab, and the part of ipywidgets that shows widgets in it. */
export const pinned = ["jupyterlab==4.6.6", "jupyterlab_widgets==3.0.17"] as const;

/** Python, JupyterLab or pip failed. */
export class LabError extends JesslError {}

const windows = process.platform === "win32";

/** A program of a Python environment. */
function inEnvironment(prefix: string, name: string): string {
  return windows ? join(prefix, "Scripts", `${name}.exe`) : join(prefix, "bin", name);
}

/** The jupyter-lab to use; undefined when there is none. */
export function findJupyterLab(
  folder: string = process.cwd(),
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX, join(folder, ".venv")];
  for (const prefix of prefixes) {
    if (!prefix) continue;
    const program = inEnvironment(prefix, "jupyter-lab");
    if (existsSync(program)) return program;
  }
  return findProgram("jupyter-lab", env);
}

/** Makes `.venv` in a folder with the pinned JupyterLab; returns its jupyter-lab. @throws LabError */
export async function createLab(
  folder: string,
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const python = ["python3", "python"]
    .map((name) => findProgram(name, env))
    .find((path) => path !== undefined);
  if (python === undefined)
    throw new LabError(
      "python3: none found on PATH; JupyterLab needs Python 3.10 or newer (https://www.python.org/downloads), or install JupyterLab in another way and put it on PATH",
    );
  const prefix = resolve(folder, ".venv");
  if (!existsSync(inEnvironment(prefix, "python"))) {
    say(`making a Python environment in ${prefix}`);
    await run(python, ["-m", "venv", prefix], "on Debian and Ubuntu: apt install python3-venv");
  }
  say(`installing ${pinned.join(" ")}`);
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", ...pinned];
  await run(inEnvironment(prefix, "python"), pip, "is the network there?");
  return inEnvironment(prefix, "jupyter-lab");
}

/**
 * Installs the kernelspec where this jupyter-lab finds it: in its environment, or in the user's folder where it is one
 * of PATH. Written anew each time, since node or this package may have moved. Returns the kernelspec's folder.
 */
export function ensureKernel(lab: string, env: NodeJS.ProcessEnv = process.env): string {
  const place =
    lab === findProgram("jupyter-lab", env) ? { user: true as const } : { prefix: dirname(dirname(lab)) };
  return installKernel({ place });
}

async function run(program: string, args: readonly string[], hint: string): Promise<void> {
  const code = await start(program, args);
  if (code !== 0)
    throw new LabError(`${[program, ...args].join(" ")}: expected it to end well, got ${code}; ${hint}`);
}

/** Runs a program on this terminal; settles with its exit code or signal. */
export function start(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env });
    // Ctrl-C reaches it by the terminal; it asks, and ends when it wants to.
    const ignore = () => undefined;
    process.on("SIGINT", ignore);
    const forward = () => child.kill("SIGTERM");
    process.on("SIGTERM", forward);
    child.on("error", (error) => reject(new LabError(`${program}: ${error.message}`)));
    child.on("exit", (code, signal) => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", forward);
      resolve(code ?? signal ?? 1);
    });
  });
}
