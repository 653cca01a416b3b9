/**
 * Where Jupyter looks for kernels, by Jupyter's own rules (jupyter_core.paths), without Python: JUPYTER_PATH, the
 * user's data folder, the environment's prefix, the system's folders.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The user's data folder. */
export function userDataFolder(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  if (platform === "darwin") return join(home, "Library", "Jupyter");
  if (platform === "win32")
    return env.APPDATA
      ? join(env.APPDATA, "jupyter")
      : join(env.JUPYTER_CONFIG_DIR || join(home, ".jupyter"), "data");
  return join(env.XDG_DATA_HOME || join(home, ".local", "share"), "jupyter");
}

/** The data folder below a prefix, such as that of a virtual environment. */
export function prefixDataFolder(prefix: string): string {
  return join(prefix, "share", "jupyter");
}

/** The prefix of the Python that Jupyter would run with: the active environment's, or python3's. */
export function sysPrefix(env: Environment = process.env): string | undefined {
  const active = env.VIRTUAL_ENV || env.CONDA_PREFIX;
  if (active) return active;
  for (const python of ["python3", "python"])
    try {
      return execFileSync(python, ["-c", "import sys; print(sys.prefix)"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        timeout: 20_000,
      }).trim();
    } catch {
      // Not there.
    }
  return undefined;
}

/** All data folders that exist, in Jupyter's order. */
export function dataFolders(env: Environment = process.env): string[] {
  const prefix = sysPrefix(env);
  const system =
    process.platform === "win32"
      ? [join(env.PROGRAMDATA ?? "C:\\ProgramData", "jupyter")]
      : ["/usr/local/share/jupyter", "/usr/share/jupyter"];
  const folders = [
    ...(env.JUPYTER_PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
    userDataFolder(env),
    ...(prefix === undefined ? [] : [prefixDataFolder(prefix)]),
    ...system,
  ];
  return [...new Set(folders)].filter((folder) => existsSync(folder));
}

/** A program in the folders of PATH. */
export function findProgram(name: string, env: Environment = process.env): string | undefined {
  const names = process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
  for (const folder of (env.PATH ?? "").split(delimiter))
    for (const file of names) if (folder !== "" && existsSync(join(folder, file))) return join(folder, file);
  return undefined;
}
