/**
 * Imports of a cell: resolved from the notebook's folder by Node's own loader, so that ES modules, CommonJS, JSON and
 * built-in modules work as in a file that lay there. What the folder lacks is taken from this package (itself, and
 * what it depends on). TypeScript files are compiled by a loader hook, registered when the first one is imported.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin, register } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { packageRoot } from "../../src/support/package.js";

type Importer = (specifier: string, options?: ImportCallOptions) => Promise<object>;

// Node's remark on its own loader is nothing that the author of a cell could act on.
const { emitWarning } = process;
process.emitWarning = ((...args: Parameters<typeof emitWarning>) => {
  if (!String(args[0]).includes("USE_MAIN_CONTEXT_DEFAULT_LOADER")) emitWarning.apply(process, args);
}) as typeof emitWarning;

function importerFrom(folder: string): Importer {
  return vm.runInThisContext("(specifier, options) => import(specifier, options)", {
    filename: join(folder, "cell.ts"),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as Importer;
}

/** Imports for the cells of one notebook. */
export class Imports {
  private readonly folder: string;
  private readonly own: Importer;
  private readonly fallback: Importer;
  private hooked = false;

  constructor(folder: string) {
    this.folder = folder;
    this.own = importerFrom(folder);
    this.fallback = importerFrom(packageRoot);
  }

  /** What `require` and `import.meta` are in a cell. */
  get require(): NodeJS.Require {
    return createRequire(join(this.folder, "cell.js"));
  }

  get meta(): object {
    const url = pathToFileURL(join(this.folder, "notebook.ts")).href;
    return {
      url,
      filename: fileURLToPath(url),
      dirname: this.folder,
      resolve: (specifier: string) => pathToFileURL(this.require.resolve(specifier)).href,
    };
  }

  /** Imports a module, as `import(specifier, options)` in a file of the notebook's folder. */
  async import(specifier: string, options?: ImportCallOptions): Promise<object> {
    const path = localPath(this.folder, specifier);
    if (path?.endsWith(".json")) return json(path);
    if (path !== undefined) {
      const file = sourceFile(path);
      if (file !== undefined) {
        this.hook();
        return this.own(`${pathToFileURL(file).href}`, options);
      }
    }
    return view(await this.load(specifier, options));
  }

  private async load(specifier: string, options?: ImportCallOptions): Promise<object> {
    try {
      return await this.own(specifier, options);
    } catch (error) {
      const bare = !/^[./]|^\w+:/.test(specifier) && !isBuiltin(specifier);
      if (!bare || !isMissing(error, specifier)) throw error;
      try {
        return await this.fallback(specifier, options);
      } catch (second) {
        if (!isMissing(second, specifier)) throw second;
        (error as Error).message +=
          `\nInstall it into the notebook's folder: %install ${packageOf(specifier)}`;
        throw error;
      }
    }
  }

  private hook(): void {
    if (this.hooked) return;
    this.hooked = true;
    register(new URL("./loader.js", import.meta.url));
  }
}

function localPath(folder: string, specifier: string): string | undefined {
  if (specifier.startsWith("file:")) return fileURLToPath(specifier);
  if (/^\.{0,2}\//.test(specifier) || isAbsolute(specifier)) return resolve(folder, specifier);
  return undefined;
}

/** The TypeScript file that a path means, as a bundler finds it: as written, with an extension, or a folder's index. */
export function sourceFile(path: string): string | undefined {
  if (/\.[mc]?ts$/.test(path)) return existsSync(path) ? path : undefined;
  const swapped = path.replace(/\.([mc]?)js$/, ".$1ts");
  const candidates = [
    ...(swapped !== path && !existsSync(path) ? [swapped] : []),
    `${path}.ts`,
    join(path, "index.ts"),
  ];
  return existsSync(path) && /\.[mc]?js$/.test(path)
    ? undefined
    : candidates.find((file) => existsSync(file));
}

function json(path: string): object {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  const named = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  return { ...named, default: value };
}

// A CommonJS module's exports that Node does not find by reading its text are still there, on the default export.
function view(module: object): object {
  const { default: inner } = module as { default?: unknown };
  if ((typeof inner !== "object" && typeof inner !== "function") || inner === null) return module;
  if (Object.keys(module).some((key) => key !== "default" && key !== "module.exports")) return module;
  if (Object.getPrototypeOf(module) !== null) return module;
  const keys = Object.keys(inner).filter((key) => key !== "default");
  if (keys.length === 0) return module;
  const seen = Object.create(null) as { [key: string]: unknown };
  for (const key of keys)
    Object.defineProperty(seen, key, {
      enumerable: true,
      get: () => (inner as { [key: string]: unknown })[key],
    });
  return Object.defineProperty(seen, "default", { enumerable: true, value: inner });
}

function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") &&
    message.includes(`'${packageOf(specifier)}`)
  );
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The folder of a file URL. */
export function folderOf(url: string): string {
  return dirname(fileURLToPath(url));
}
