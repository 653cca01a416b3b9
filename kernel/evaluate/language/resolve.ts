/**
 * What an import of a cell means: resolved from the notebook's folder, or where that lacks it from this package (itself,
 * and what it depends on). The user's files may come and go between cells; what packages import stays as it is found.
 */
import { join } from "node:path";
import { packageRoot } from "../../../src/support/package.js";
import ts from "../../support/typescript.js";
import { isPackaged } from "./documents.js";

/** Resolves the imports of one notebook's program. */
export class Resolver {
  /** What is known of packages: their imports, and their package.json files. */
  readonly packages: ts.ModuleResolutionCache;
  private readonly folder: string;
  private readonly options: ts.CompilerOptions;
  private readonly host: ts.ModuleResolutionHost;
  private user: ts.ModuleResolutionCache;

  constructor(folder: string, options: ts.CompilerOptions, host: ts.ModuleResolutionHost) {
    this.folder = folder.replaceAll("\\", "/");
    this.options = options;
    this.host = host;
    this.packages = this.cache();
    this.user = this.cache();
  }

  /** Forgets what is known of the user's files. */
  refresh(): void {
    this.user = this.cache();
  }

  /** The file that a module name in a file means. */
  resolve(
    name: string,
    containing: string,
    redirected: ts.ResolvedProjectReference | undefined,
    options: ts.CompilerOptions,
  ): ts.ResolvedModuleWithFailedLookupLocations {
    const find = (from: string, cache: ts.ModuleResolutionCache) =>
      ts.resolveModuleName(name, from, options, this.host, cache, redirected, ts.ModuleKind.ESNext);
    if (isPackaged(containing)) return find(containing, this.packages);
    const found = find(containing, this.user);
    if (found.resolvedModule !== undefined || name.startsWith(".") || !containing.startsWith(this.folder))
      return found;
    return find(join(packageRoot, "notebook.ts"), this.packages);
  }

  private cache(): ts.ModuleResolutionCache {
    return ts.createModuleResolutionCache(this.folder, (name) => name, this.options);
  }
}
