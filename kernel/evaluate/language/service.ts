/**
 * The language service of a notebook: TypeScript's own, over a virtual program of one changing file (the cell in
 * hand, with its prefix) and the cells it refers to. The file keeps its name, so that TypeScript reuses the program
 * from cell to cell; libraries and declaration files are read once.
 */
import { join } from "node:path";
import ts from "../../support/typescript.js";
import { ambientTypes } from "./ambient.js";
import { Cells, type Declared, declarations } from "./cells.js";
import { Documents, packageRegistry } from "./documents.js";
import { compilerOptions } from "./options.js";
import { Resolver } from "./resolve.js";

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
  private readonly documents = new Documents();
  private readonly resolver: Resolver;

  constructor(folder: string) {
    this.folder = folder;
    this.currentName = join(folder, "[cell].ts").replaceAll("\\", "/");
    this.ambientName = join(folder, "[kernel].d.ts").replaceAll("\\", "/");
    this.options = compilerOptions(folder);
    const files = {
      fileExists: (name: string) => this.virtual(name) !== undefined || ts.sys.fileExists(name),
      readFile: (name: string) => this.virtual(name) ?? ts.sys.readFile(name),
    };
    this.resolver = new Resolver(folder, this.options, { ...ts.sys, ...files });
    this.service = ts.createLanguageService(this.host(files), packageRegistry());
  }

  /** Puts a cell in hand; `all` brings every name alive into scope (for completion). */
  open(code: string, all = false): Current {
    const bare = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext, true);
    const declared = declarations(bare);
    const { text, uses } = this.cells.prefix(code, new Set(declared.map(({ name }) => name)), all);
    // The same text again, by completion and then inspection perhaps, is the same program.
    if (this.text !== text + code) this.version += 1;
    this.text = text + code;
    this.resolver.refresh();
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

  private virtual(name: string): string | undefined {
    if (name === this.currentName) return this.text;
    return name === this.ambientName ? ambientTypes : this.cells.text(name);
  }

  private host(files: Pick<ts.LanguageServiceHost, "fileExists" | "readFile">): ts.LanguageServiceHost {
    const cellName = (cell: number) => join(this.folder, `[cell ${cell}].ts`).replaceAll("\\", "/");
    return {
      getCompilationSettings: () => this.options,
      getScriptFileNames: () => [
        this.ambientName,
        ...this.cells.ambientCells.map(cellName),
        this.currentName,
      ],
      getScriptVersion: (name) => {
        if (name === this.currentName) return String(this.version);
        return this.virtual(name) !== undefined ? "1" : this.documents.version(name);
      },
      getScriptSnapshot: (name) => {
        const text = this.virtual(name);
        return text === undefined ? this.documents.snapshot(name) : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => this.folder,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      ...files,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      realpath: (name) => (this.virtual(name) === undefined ? (ts.sys.realpath?.(name) ?? name) : name),
      getModuleResolutionCache: () => this.resolver.packages,
      resolveModuleNameLiterals: (literals, containing, redirected, options) =>
        literals.map(({ text }) => this.resolver.resolve(text, containing, redirected, options)),
    } as ts.LanguageServiceHost & Pick<ts.CompilerHost, "getModuleResolutionCache">;
  }
}

// `import name = require()`: not allowed in an ES module, but in a cell.
const importAssignment = 1202;
