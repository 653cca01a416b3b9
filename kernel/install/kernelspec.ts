/**
 * The kernelspec: the folder that tells Jupyter how to start the kernel. It names the node that installed it and this
 * package by absolute paths, so that it works whatever PATH the front end has.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../../src/support/atomic.js";
import { ConfigError } from "../../src/support/errors.js";
import { packageRoot } from "../../src/support/package.js";
import { kernelCommand, kernelEnv } from "../command.js";
import { kernelInfo } from "../protocol/info.js";
import { installPlotlyExtension, removePlotlyExtension } from "./labextension.js";
import { dataFolders, prefixDataFolder, sysPrefix, userDataFolder } from "./paths.js";

export const defaultName = "jessl";

/** The content of kernel.json. */
export interface KernelSpec {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: "message" | "signal";
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Where to install: the user's folder, that of the active Python environment, or below a prefix. */
export type Place = { user: true } | { sysPrefix: true } | { prefix: string };

export interface InstallOptions {
  readonly place?: Place;
  readonly name?: string;
  readonly displayName?: string;
  readonly node?: string;
}

/** The kernelspec of this package. */
export function kernelSpec(displayName = "TypeScript (jessl)", node: string = process.execPath): KernelSpec {
  return {
    argv: kernelCommand("{connection_file}", node),
    env: kernelEnv,
    display_name: displayName,
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: kernelInfo().debugger },
  };
}

/** The data folder of a place. @throws ConfigError when there is no Python environment */
export function dataFolder(place: Place = { user: true }): string {
  if ("prefix" in place) return prefixDataFolder(place.prefix);
  if ("user" in place) return userDataFolder();
  const prefix = sysPrefix();
  if (prefix === undefined)
    throw new ConfigError(
      "--sys-prefix: expected an active Python environment or python3 on PATH, found neither; use --user or --prefix",
    );
  return prefixDataFolder(prefix);
}

function checkName(name: string): string {
  if (!/^[a-z0-9._-]+$/i.test(name))
    throw new ConfigError(`kernel name ${name}: expected letters, digits, dots, dashes and underscores`);
  return name.toLowerCase();
}

const logos = join(packageRoot, "kernel", "install", "logo");

/** Installs the kernelspec, and the extension that shows Plotly figures; returns the kernelspec's folder. */
export function installKernel({ place, name = defaultName, displayName, node }: InstallOptions = {}): string {
  const data = dataFolder(place);
  const folder = join(data, "kernels", checkName(name));
  installPlotlyExtension(data);
  mkdirSync(folder, { recursive: true });
  for (const logo of readdirSync(logos)) copyFileSync(join(logos, logo), join(folder, logo));
  const spec = kernelSpec(displayName ?? (name === defaultName ? undefined : `TypeScript (${name})`), node);
  writeFileAtomic(join(folder, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
  return folder;
}

/** An installed kernelspec that starts this kernel, of this package or of another copy. */
export interface Installed {
  readonly name: string;
  readonly folder: string;
  readonly spec: KernelSpec;
}

/** The kernelspecs in Jupyter's data folders that start a kernel of jessl. */
export function installedKernels(folders: readonly string[] = dataFolders()): Installed[] {
  return folders.flatMap((data) => {
    const kernels = join(data, "kernels");
    if (!existsSync(kernels)) return [];
    return readdirSync(kernels).flatMap((name) => {
      const spec = readSpec(join(kernels, name));
      return spec === undefined ? [] : [{ name, folder: join(kernels, name), spec }];
    });
  });
}

function readSpec(folder: string): KernelSpec | undefined {
  try {
    const spec = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8")) as KernelSpec;
    const [, , main, file] = spec.argv;
    const ours =
      main !== undefined && /dist[\\/]kernel[\\/]main\.js$/.test(main) && file === "{connection_file}";
    return ours ? spec : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Removes a kernelspec; returns the folders that are gone. Without a place, from every data folder.
 * @throws ConfigError when there is none of that name, or it is another kernel's
 */
export function removeKernel({ place, name = defaultName }: InstallOptions = {}): string[] {
  const folders = place === undefined ? dataFolders() : [dataFolder(place)];
  const found = installedKernels(folders).filter(({ folder }) => basename(folder) === checkName(name));
  if (found.length === 0)
    throw new ConfigError(
      `kernel ${name}: expected a kernel of jessl in ${folders.join(", ") || "Jupyter's folders"}, found none`,
    );
  for (const { folder } of found) {
    rmSync(folder, { recursive: true });
    const data = dirname(dirname(folder));
    if (installedKernels([data]).length === 0) removePlotlyExtension(data);
  }
  return found.map(({ folder }) => folder);
}
