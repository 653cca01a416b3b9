/**
 * Parameters of a notebook, as papermill knows them: the code cell tagged `parameters` holds the defaults, and a cell
 * tagged `injected-parameters` with the values of this run is put after it (the one of an earlier run is replaced).
 * They are declared again with the type of the default, so that the kernel checks them.
 */

import { ConfigError } from "../../src/support/errors.js";
import { suggestion } from "../../src/support/nearest.js";
import ts from "../support/typescript.js";
import { codeCell, type Notebook, tagsOf } from "./nbformat.js";

/** Names and values. */
export type Parameters = ReadonlyMap<string, unknown>;

/** Pairs of the command line. A value that reads as JSON is that, another one is text. */
export function parseParameters(pairs: readonly (readonly [name: string, value: string])[]): Parameters {
  for (const [name] of pairs)
    if (!/^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name))
      throw new ConfigError(`parameter ${name}: expected the name of a variable`);
  return new Map(pairs.map(([name, value]) => [name, parseValue(value)]));
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The notebook with the cell of the parameters put in, and warnings for the user. */
export function withParameters(
  notebook: Notebook,
  parameters: Parameters,
): { notebook: Notebook; warnings: string[] } {
  if (parameters.size === 0) return { notebook, warnings: [] };
  const cells = notebook.cells.filter((cell) => !tagsOf(cell).includes("injected-parameters"));
  const at = cells.findIndex((cell) => cell.cell_type === "code" && tagsOf(cell).includes("parameters"));
  const declared = declarations(cells[at]?.source ?? "");
  const warnings = at < 0 ? ["no cell is tagged `parameters`: the parameters go before the first cell"] : [];
  const lines = ["// Parameters"];
  for (const [name, value] of parameters) {
    const known = declared.get(name);
    if (known === undefined && at >= 0)
      warnings.push(
        `parameter ${name}: not in the parameters cell (${suggestion(name, [...declared.keys()])})`,
      );
    lines.push(
      `let ${name}${known?.type === undefined ? "" : `: ${known.type}`} = ${JSON.stringify(value)};`,
    );
  }
  const injected = codeCell(lines.join("\n"), ["injected-parameters"], notebook.nbformat_minor);
  return { notebook: { ...notebook, cells: cells.toSpliced(at + 1, 0, injected) }, warnings };
}

/** The variables that a cell declares, with the type that is written or that the default's literal has. */
function declarations(code: string): Map<string, { type: string | undefined }> {
  const source = ts.createSourceFile("parameters.ts", code, ts.ScriptTarget.ESNext);
  const found = new Map<string, { type: string | undefined }>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, type, initializer } of statement.declarationList.declarations)
      if (ts.isIdentifier(name))
        found.set(name.text, { type: type?.getText(source) ?? literalType(initializer) });
  }
  return found;
}

function literalType(value: ts.Expression | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (ts.isPrefixUnaryExpression(value)) return literalType(value.operand);
  if (ts.isNumericLiteral(value)) return "number";
  if (ts.isStringLiteralLike(value)) return "string";
  const { TrueKeyword, FalseKeyword } = ts.SyntaxKind;
  return value.kind === TrueKeyword || value.kind === FalseKeyword ? "boolean" : undefined;
}
