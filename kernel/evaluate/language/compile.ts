/**
 * Compiling a cell: check it, and if it has no errors, make it JavaScript and remember what it declares. An error is
 * reported with the cell's line and column, the faulty line and the lines about it.
 */
import ts from "../../support/typescript.js";
import type { NotebookLanguage } from "./service.js";
import { type Transformed, transform } from "./transform.js";

/** One fault of a cell; line and column count from 1. */
export interface Fault {
  code: number;
  message: string;
  line: number;
  column: number;
  length: number;
  syntax: boolean;
}

/** The outcome of compiling a cell. */
export type Compiled = { ok: true; program: Transformed } | { ok: false; faults: Fault[] };

/** Checks and transforms a cell. */
export function compile(language: NotebookLanguage, code: string): Compiled {
  const current = language.open(code);
  const errors = language.errors(current);
  if (errors.length > 0) {
    const syntax = language.service.getSyntacticDiagnostics(current.fileName).length > 0;
    return { ok: false, faults: errors.map((error) => toFault(error, current.source, syntax)) };
  }
  const program = transform(code, language.options, language.typeOnlyImports(current));
  language.cells.commit(code, current.prefix, current.uses, current.declared);
  return { ok: true, program };
}

/** Transforms an expression of `user_expressions`, without a check; null where it does not parse. */
export function compileExpression(language: NotebookLanguage, code: string): Compiled {
  const source = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext, true);
  const errors = syntaxErrors(source);
  if (errors.length > 0) return { ok: false, faults: errors.map((error) => toFault(error, source, true)) };
  return { ok: true, program: transform(code, language.options, new Set()) };
}

/** The syntax errors of a source file that belongs to no program. */
export function syntaxErrors(source: ts.SourceFile): readonly ts.Diagnostic[] {
  return (source as unknown as { parseDiagnostics: readonly ts.Diagnostic[] }).parseDiagnostics;
}

function toFault(error: ts.Diagnostic, source: ts.SourceFile, syntax: boolean): Fault {
  const start = Math.min(error.start ?? 0, source.text.length);
  const { line, character } = source.getLineAndCharacterOfPosition(start);
  return {
    code: error.code,
    message: ts.flattenDiagnosticMessageText(error.messageText, "\n"),
    line: line + 1,
    column: character + 1,
    length: error.length ?? 1,
    syntax,
  };
}
