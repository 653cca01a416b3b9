/**
 * The language service of a notebook: TypeScript's own, over a virtual program of one changing file (the cell in
 * hand, with its prefix) and the cells it refers to. The file keeps its name, so that TypeScript reuses the program
 * from cell to cell; libraries and declaration files are read once.
 */
import { dirname, join } from "node:path";
import ts from "typescript";
import { packageRoot } from "../../../src/support/package.js";
import { ambientTypes } from "./ambient.js";
import { Cells, type Declared, declarations } from "./cells.js";

/** The cell in hand: the file, and where the user's text begins in it. */
export interface Current {
  fileName: string;
  offset: number;
  prefix: string;
  uses: Set<number>;
  declared: Declared[];
  source: ts.SourceFile;
}

/** A notebook's language service. */
export class NotebookLanguage {
  readonly folder: string;
  readonly options: ts.CompilerOptions;
  readonly service: ts.LanguageService;
  readonly cells = new Cells();
  private readonly currentName: string;
  private readonly ambientName: string;
  private text = "";
  private version = 0;
  private readonly snapshots = new Map<string, { version: string; snapshot: ts.IScriptSnapshot }>();
  private resolutions: ts.ModuleResolutionCache;

  constructor(folder: string) {
    this.folder = folder;
    this.currentName = join(folder, "[cell].ts").replaceAll("\\", "/");
    this.ambientName = join(folder, "[kernel].d.ts").replaceAll("\\", "/");
    this.options = compilerOptions(folder);
    this.resolutions = this.freshResolutions();
    this.service = ts.createLanguageService(this.host(), ts.createDocumentRegistry());
  }

  /** Puts a cell in hand; `all` brings every name alive into scope (for completion). */
  open(code: string, all = false): Current {
    const bare = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext, true);
    const declared = declarations(bare);
    const { text, uses } = this.cells.prefix(code, new Set(declared.map(({ name }) => name)), all);
    this.text = text + code;
    this.version += 1;
    this.resolutions = this.freshResolutions();
    return { fileName: this.currentName, offset: text.length, prefix: text, uses, declared, source: bare };
  }

  /** The errors of the cell in hand, with positions in the user's text. */
  errors(current: Current): ts.Diagnostic[] {
    const syntactic = this.service.getSyntacticDiagnostics(current.fileName);
    const found = syntactic.length > 0 ? syntactic : this.service.getSemanticDiagnostics(current.fileName);
    return found
      .filter(
        ({ category, code, start }) =>
          category === ts.DiagnosticCategory.Error &&
          code !== importAssignment &&
          (start ?? 0) >= current.offset,
      )
      .map((diagnostic) => ({ ...diagnostic, start: (diagnostic.start ?? 0) - current.offset }));
  }

  /** The names that the cell imports and that exist as types only: there is nothing to import when it runs. */
  typeOnlyImports(current: Current): Set<string> {
    const names = new Set<string>();
    if (!/\bimport\b/.test(current.source.text)) return names;
    const program = this.service.getProgram();
    const source = program?.getSourceFile(current.fileName);
    const checker = program?.getTypeChecker();
    if (source === undefined || checker === undefined) return names;
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement) || statement.pos < current.offset) continue;
      const { name, namedBindings } = statement.importClause ?? {};
      const bound = [
        ...(name ? [name] : []),
        ...(namedBindings && ts.isNamedImports(namedBindings)
          ? namedBindings.elements.map((e) => e.name)
          : []),
      ];
      for (const identifier of bound) {
        const symbol = checker.getSymbolAtLocation(identifier);
        if (symbol === undefined || !(symbol.flags & ts.SymbolFlags.Alias)) continue;
        const target = checker.getAliasedSymbol(symbol);
        const known = target.declarations !== undefined && target.declarations.length > 0;
        if (known && !(target.flags & ts.SymbolFlags.Value)) names.add(identifier.text);
      }
    }
    return names;
  }

  private freshResolutions(): ts.ModuleResolutionCache {
    return ts.createModuleResolutionCache(this.folder, (name) => name, this.options);
  }

  private host(): ts.LanguageServiceHost {
    const virtual = (name: string) =>
      name === this.currentName
        ? this.text
        : name === this.ambientName
          ? ambientTypes
          : this.cells.text(name);
    const exists = (name: string) => virtual(name) !== undefined || ts.sys.fileExists(name);
    const readFile = (name: string, encoding?: string) => virtual(name) ?? ts.sys.readFile(name, encoding);
    const resolutionHost: ts.ModuleResolutionHost = { ...ts.sys, fileExists: exists, readFile };
    return {
      getCompilationSettings: () => this.options,
      getScriptFileNames: () => [
        this.ambientName,
        ...this.cells.ambientCells.map((cell) =>
          join(this.folder, `[cell ${cell}].ts`).replaceAll("\\", "/"),
        ),
        this.currentName,
      ],
      getScriptVersion: (name) => {
        if (name === this.currentName) return String(this.version);
        return virtual(name) !== undefined ? "1" : fileVersion(name);
      },
      getScriptSnapshot: (name) => {
        const text = virtual(name);
        if (text !== undefined) return ts.ScriptSnapshot.fromString(text);
        const version = fileVersion(name);
        const known = this.snapshots.get(name);
        if (known?.version === version) return known.snapshot;
        const content = ts.sys.readFile(name);
        if (content === undefined) return undefined;
        const snapshot = ts.ScriptSnapshot.fromString(content);
        this.snapshots.set(name, { version, snapshot });
        return snapshot;
      },
      getCurrentDirectory: () => this.folder,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      fileExists: exists,
      readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      realpath: (name) => (virtual(name) === undefined ? (ts.sys.realpath?.(name) ?? name) : name),
      resolveModuleNameLiterals: (literals, containing, redirected, options) =>
        literals.map(({ text }) => {
          const found = ts.resolveModuleName(
            text,
            containing,
            options,
            resolutionHost,
            this.resolutions,
            redirected,
            ts.ModuleKind.ESNext,
          );
          if (
            found.resolvedModule !== undefined ||
            text.startsWith(".") ||
            !containing.startsWith(dirname(this.currentName))
          )
            return found;
          // What the notebook's folder lacks is taken from this package: itself, and what it depends on.
          return ts.resolveModuleName(text, join(packageRoot, "notebook.ts"), options, resolutionHost);
        }),
    };
  }
}

// `import name = require()`: not allowed in an ES module, but in a cell.
const importAssignment = 1202;

/** Files of packages are taken not to change; the user's own may. */
function fileVersion(name: string): string {
  if (name.includes("/node_modules/")) return "1";
  return String(ts.sys.getModifiedTime?.(name)?.getTime() ?? 0);
}

/** The notebook project's own options where they make sense for a cell, strict and of the newest language by default. */
function compilerOptions(folder: string): ts.CompilerOptions {
  const path = ts.findConfigFile(folder, ts.sys.fileExists);
  const own =
    path === undefined
      ? {}
      : ts.parseJsonConfigFileContent(
          ts.readConfigFile(path, ts.sys.readFile).config,
          { ...ts.sys, readDirectory: () => [] },
          dirname(path),
        ).options;
  const {
    outDir: _outDir,
    rootDir: _rootDir,
    declaration: _declaration,
    declarationMap: _declarationMap,
    composite: _composite,
    incremental: _incremental,
    tsBuildInfoFile: _buildInfo,
    sourceMap: _sourceMap,
    inlineSourceMap: _inlineSourceMap,
    ...kept
  } = own;
  const typeRoots = (ts.getEffectiveTypeRoots({}, { getCurrentDirectory: () => folder }) ?? []).concat(
    ts.getEffectiveTypeRoots({}, { getCurrentDirectory: () => packageRoot }) ?? [],
  );
  return {
    strict: true,
    types: ["node"],
    lib: ["lib.esnext.d.ts"],
    ...kept,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    typeRoots: [...(own.typeRoots ?? []), ...typeRoots],
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    isolatedModules: false,
    verbatimModuleSyntax: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowUnreachableCode: true,
    allowUnusedLabels: true,
    jsx: ts.JsxEmit.None,
  };
}
