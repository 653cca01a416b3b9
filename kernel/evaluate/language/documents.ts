/**
 * The files of a notebook's program as TypeScript wants them: texts with versions, and a registry of parsed files. The
 * files of packages are taken not to change, and once parsed they are kept: a cell that uses a library and one that does
 * not take turns in a notebook, and a registry that forgets what the last program did not need parses it for each turn.
 */
import { packageRoot } from "../../../src/support/package.js";
import ts from "../../support/typescript.js";

const own = `${packageRoot.replaceAll("\\", "/")}/dist/`;

/** Whether a file belongs to a package, this one included. */
export function isPackaged(name: string): boolean {
  return name.includes("/node_modules/") || name.startsWith(own);
}

/** A registry that keeps the parsed files of packages. */
export function packageRegistry(): ts.DocumentRegistry {
  const registry = ts.createDocumentRegistry(ts.sys.useCaseSensitiveFileNames);
  return {
    ...registry,
    releaseDocumentWithKey(
      path: ts.Path,
      key: ts.DocumentRegistryBucketKey,
      kind?: ts.ScriptKind,
      format?: ts.ResolutionMode,
    ): void {
      if (!isPackaged(path)) registry.releaseDocumentWithKey(path, key, kind as ts.ScriptKind, format);
    },
  };
}

/** The texts of files on disk. */
export class Documents {
  private readonly snapshots = new Map<string, { version: string; snapshot: ts.IScriptSnapshot }>();

  /** Changes when the file does; the user's own may. */
  version(name: string): string {
    return isPackaged(name) ? "1" : String(ts.sys.getModifiedTime?.(name)?.getTime() ?? 0);
  }

  /** The text; undefined where there is no such file. */
  snapshot(name: string): ts.IScriptSnapshot | undefined {
    const version = this.version(name);
    const known = this.snapshots.get(name);
    if (known?.version === version) return known.snapshot;
    const content = ts.sys.readFile(name);
    if (content === undefined) return undefined;
    const snapshot = ts.ScriptSnapshot.fromString(content);
    this.snapshots.set(name, { version, snapshot });
    return snapshot;
  }
}
