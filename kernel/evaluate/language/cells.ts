/**
 * The cells so far, as TypeScript modules. Every cell that ran is a module that exports its top-level names; a later
 * cell sees them through a prefix of declarations put before its text. Only the names that a cell mentions go into
 * its prefix, and only cells that still own a name are kept, so that a session of ten thousand cells costs no more
 * than what it has alive. A redefinition moves the name to the newer cell and leaves older cells as they were.
 */
import ts from "../../support/typescript.js";

/** How a later cell sees a name: an alias (functions, classes, types, imports), or a variable of the same type. */
type Kind = "alias" | "let" | "const";

interface Owner {
  cell: number;
  kind: Kind;
  doc: string;
}

/** A top-level name that a cell declares. */
export interface Declared {
  name: string;
  kind: Kind;
  doc: string;
  exported: boolean;
}

interface Cell {
  text: string;
  uses: Set<number>;
}

/** The committed cells and who owns which name. */
export class Cells {
  private readonly cells = new Map<number, Cell>();
  private readonly owners = new Map<string, Owner>();
  private readonly ambient = new Set<number>();
  private count = 0;

  /** The module name of a cell, as an import writes it (without extension). */
  static moduleName(cell: number): string {
    return `./[cell ${cell}]`;
  }

  /** The text of a module name's cell; undefined if it is none or was dropped. */
  text(fileName: string): string | undefined {
    const number = /\[cell (\d+)\]\.ts$/.exec(fileName)?.[1];
    return number === undefined ? undefined : this.cells.get(Number(number))?.text;
  }

  /** The cells that declare something global, which every program needs. */
  get ambientCells(): number[] {
    return [...this.ambient];
  }

  /** Every name that is alive. */
  get names(): string[] {
    return [...this.owners.keys()];
  }

  /** The declarations to put before `code`; with `all`, of every name alive (at most 2,000, the newest). */
  prefix(code: string, declared: ReadonlySet<string>, all: boolean): { text: string; uses: Set<number> } {
    const names = all ? this.names.slice(-2000) : mentioned(code).filter((name) => this.owners.has(name));
    const lines: string[] = [];
    const uses = new Set<number>();
    const aliases = new Map<number, string[]>();
    for (const name of names) {
      const owner = this.owners.get(name);
      if (owner === undefined || declared.has(name)) continue;
      uses.add(owner.cell);
      if (owner.kind === "alias") aliases.set(owner.cell, [...(aliases.get(owner.cell) ?? []), name]);
      else {
        const type = `typeof import("${Cells.moduleName(owner.cell)}").${name}`;
        lines.push(`${owner.doc}declare ${owner.kind} ${name}: ${type};`);
      }
    }
    for (const [cell, list] of aliases)
      lines.push(`import { ${list.join(", ")} } from "${Cells.moduleName(cell)}";`);
    return { text: lines.length > 0 ? `${lines.join("\n")}\n` : "", uses };
  }

  /** Takes a cell that is about to run: its text with its prefix, and what it declares. */
  commit(code: string, prefix: string, uses: Set<number>, declared: readonly Declared[]): void {
    const globals = /\bdeclare\s+(global|module)\b/.test(code);
    if (declared.length === 0 && !globals) return;
    this.count += 1;
    const exported = declared.filter((entry) => !entry.exported).map(({ name }) => name);
    const suffix = exported.length > 0 ? `\nexport { ${exported.join(", ")} };` : "";
    this.cells.set(this.count, { text: `${prefix}${code}${suffix}`, uses });
    for (const { name, kind, doc } of declared) {
      this.owners.delete(name);
      this.owners.set(name, { cell: this.count, kind, doc });
    }
    if (globals) this.ambient.add(this.count);
    if (this.count % 64 === 0) this.prune();
  }

  private prune(): void {
    const alive = new Set<number>();
    const visit = (cell: number): void => {
      if (alive.has(cell)) return;
      alive.add(cell);
      for (const used of this.cells.get(cell)?.uses ?? []) visit(used);
    };
    for (const { cell } of this.owners.values()) visit(cell);
    for (const cell of this.ambient) visit(cell);
    for (const cell of this.cells.keys()) if (!alive.has(cell)) this.cells.delete(cell);
  }
}

/** The identifiers in a text, each once. */
function mentioned(code: string): string[] {
  return [...new Set(code.match(/[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*/gu) ?? [])];
}

/** The names that a cell declares at its top level. */
export function declarations(source: ts.SourceFile): Declared[] {
  const found = new Map<string, Declared>();
  const add = (name: ts.Node | undefined, kind: Kind, statement: ts.Node): void => {
    if (name === undefined || !ts.isIdentifier(name)) return;
    const exported =
      ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    const [doc] = ts.getJSDocCommentsAndTags(statement).map((node) => `${node.getText(source)}\n`);
    // A merged declaration (class and interface, namespace and function) is an alias as soon as one part is.
    const merged = found.get(name.text)?.kind === "alias" ? "alias" : kind;
    found.set(name.text, { name: name.text, kind: merged, doc: doc ?? "", exported });
  };
  const bind = (name: ts.BindingName, kind: Kind, statement: ts.Node): void => {
    if (ts.isIdentifier(name)) add(name, kind, statement);
    else
      for (const element of name.elements)
        if (!ts.isOmittedExpression(element)) bind(element.name, kind, statement);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      const { flags, declarations: list } = statement.declarationList;
      const constant = (flags & ts.NodeFlags.BlockScoped) !== 0 && (flags & ts.NodeFlags.Let) === 0;
      for (const { name } of list) bind(name, constant ? "const" : "let", statement);
    } else if (
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isModuleDeclaration(statement)
    ) {
      if (!(ts.isModuleDeclaration(statement) && statement.flags & ts.NodeFlags.GlobalAugmentation))
        add(statement.name, "alias", statement);
    } else if (ts.isImportEqualsDeclaration(statement)) add(statement.name, "alias", statement);
    else if (ts.isImportDeclaration(statement) && statement.importClause !== undefined) {
      const { name, namedBindings } = statement.importClause;
      add(name, "alias", statement);
      if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings))
        add(namedBindings.name, "alias", statement);
      else for (const element of namedBindings?.elements ?? []) add(element.name, "alias", statement);
    }
  }
  return [...found.values()];
}
