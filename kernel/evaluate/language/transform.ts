/**
 * A checked cell as the JavaScript that V8's REPL mode runs. TypeScript strips the types and lowers what Node does not
 * know (decorators, `using`, enums); then the top level is rewritten:
 * - imports become awaited calls of the kernel's importer, which resolves from the notebook's folder, and come first;
 * - `const`, `var` and functions become `let`, so that a later cell may declare the name in any way (a `var` or function
 *   of a script stays on the global object for ever, and REPL mode lets only `let` follow `let`); that a `const` is not
 *   assigned is the type checker's; functions are hoisted as the language wants it;
 * - an awaited expression can be interrupted: at the top level at once, in functions when it resumes.
 */
import ts from "../../support/typescript.js";
import { helpers } from "./helpers.js";

/** A cell, ready to run. */
export interface Transformed {
  js: string;
  map: string;
  /** Whether the last statement is an expression, whose value is the cell's result. */
  result: boolean;
}

/** Transforms a cell that has no syntax errors; `typeOnly` are imported names to leave out. */
export function transform(
  code: string,
  options: ts.CompilerOptions,
  typeOnly: ReadonlySet<string>,
): Transformed {
  const { outputText, sourceMapText } = ts.transpileModule(code, {
    fileName: "cell.ts",
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      verbatimModuleSyntax: true,
      sourceMap: true,
      experimentalDecorators: options.experimentalDecorators ?? false,
      emitDecoratorMetadata: options.emitDecoratorMetadata ?? false,
      useDefineForClassFields: options.useDefineForClassFields ?? true,
      newLine: ts.NewLineKind.LineFeed,
    },
    transformers: { before: [beforeTypes(typeOnly)], after: [afterTypes] },
  });
  const js = outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "");
  return { js, map: sourceMapText ?? "", result: endsInExpression(code) };
}

function endsInExpression(code: string): boolean {
  const { statements } = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext);
  const last = statements.findLast((statement) => !ts.isEmptyStatement(statement));
  return last !== undefined && (ts.isExpressionStatement(last) || ts.isExportAssignment(last));
}

// Names that exist as types only are marked so, and TypeScript leaves them out; `import x = require()` becomes a const.
function beforeTypes(typeOnly: ReadonlySet<string>): ts.TransformerFactory<ts.SourceFile> {
  return ({ factory }) =>
    (source) => {
      const statements = source.statements.flatMap((statement): ts.Statement[] => {
        if (ts.isImportEqualsDeclaration(statement)) {
          if (statement.isTypeOnly || !ts.isExternalModuleReference(statement.moduleReference))
            return [statement];
          const call = factory.createCallExpression(factory.createIdentifier("require"), undefined, [
            statement.moduleReference.expression,
          ]);
          const declaration = factory.createVariableDeclaration(statement.name, undefined, undefined, call);
          const list = factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
          return [ts.setTextRange(factory.createVariableStatement(undefined, list), statement)];
        }
        if (!ts.isImportDeclaration(statement) || statement.importClause === undefined) return [statement];
        const { importClause: clause } = statement;
        const name = clause.name && typeOnly.has(clause.name.text) ? undefined : clause.name;
        let { namedBindings } = clause;
        if (namedBindings !== undefined && ts.isNamedImports(namedBindings)) {
          const elements = namedBindings.elements.filter((element) => !typeOnly.has(element.name.text));
          if (elements.length === namedBindings.elements.length && name === clause.name) return [statement];
          namedBindings =
            elements.length > 0 ? factory.updateNamedImports(namedBindings, elements) : undefined;
        }
        if (name === undefined && namedBindings === undefined) return [];
        const kept = factory.updateImportClause(clause, clause.phaseModifier, name, namedBindings);
        return [
          factory.updateImportDeclaration(
            statement,
            statement.modifiers,
            kept,
            statement.moduleSpecifier,
            statement.attributes,
          ),
        ];
      });
      return factory.updateSourceFile(source, statements);
    };
}

const afterTypes: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const { factory } = context;
  const helper = (name: string, args: ts.Expression[]) =>
    factory.createCallExpression(
      factory.createPropertyAccessExpression(factory.createIdentifier(helpers), name),
      undefined,
      args,
    );

  const rewrite = (node: ts.Node, nested: boolean): ts.Node => {
    const inside = nested || (ts.isFunctionLike(node) && !ts.isClassStaticBlockDeclaration(node));
    const visited = ts.visitEachChild(node, (child) => rewrite(child, inside), context);
    if (ts.isAwaitExpression(visited)) {
      if (nested) return ts.setTextRange(helper("resume", [visited]), node);
      const awaited = helper("settle", [visited.expression]);
      return ts.setTextRange(factory.updateAwaitExpression(visited, awaited), node);
    }
    if (ts.isForOfStatement(visited) && visited.awaitModifier !== undefined)
      return factory.updateForOfStatement(
        visited,
        visited.awaitModifier,
        visited.initializer,
        helper("iterate", [visited.expression]),
        visited.statement,
      );
    if (ts.isCallExpression(visited) && visited.expression.kind === ts.SyntaxKind.ImportKeyword)
      return ts.setTextRange(helper("import", [...visited.arguments]), node);
    if (ts.isMetaProperty(visited) && visited.keywordToken === ts.SyntaxKind.ImportKeyword)
      return factory.createPropertyAccessExpression(factory.createIdentifier(helpers), "meta");
    return visited;
  };

  const declare = (name: ts.BindingName, value: ts.Expression | undefined, from: ts.Node) =>
    ts.setTextRange(
      factory.createVariableStatement(
        undefined,
        factory.createVariableDeclarationList(
          [factory.createVariableDeclaration(name, undefined, undefined, value)],
          ts.NodeFlags.Let,
        ),
      ),
      from,
    );

  const assign = (target: ts.Expression, value: ts.Expression, from: ts.Node) =>
    ts.setTextRange(
      factory.createExpressionStatement(
        factory.createParenthesizedExpression(factory.createAssignment(target, value)),
      ),
      from,
    );

  const imported = (statement: ts.ImportDeclaration): ts.Statement[] => {
    const { importClause: clause, attributes } = statement;
    const args: ts.Expression[] = [statement.moduleSpecifier];
    if (attributes !== undefined) {
      const entries = attributes.elements.map(({ name, value }) =>
        factory.createPropertyAssignment(name, value),
      );
      args.push(
        factory.createObjectLiteralExpression([
          factory.createPropertyAssignment("with", factory.createObjectLiteralExpression(entries)),
        ]),
      );
    }
    const load = ts.setTextRange(factory.createAwaitExpression(helper("import", args)), statement);
    if (clause === undefined) return [ts.setTextRange(factory.createExpressionStatement(load), statement)];
    const { name, namedBindings } = clause;
    const out: ts.Statement[] = [];
    const elements: ts.BindingElement[] = [];
    if (name !== undefined) elements.push(factory.createBindingElement(undefined, "default", name));
    if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings)) {
      out.push(declare(namedBindings.name, load, statement));
      if (name !== undefined)
        out.push(declare(factory.createObjectBindingPattern(elements), namedBindings.name, statement));
      return out;
    }
    for (const { propertyName, name: local } of namedBindings?.elements ?? [])
      elements.push(factory.createBindingElement(undefined, propertyName, local));
    return [declare(factory.createObjectBindingPattern(elements), load, statement)];
  };

  return (source) => {
    const names = new Set<string>();
    const first: ts.Statement[] = [];
    const hoisted: ts.Statement[] = [];
    const rest: ts.Statement[] = [];
    for (const raw of source.statements) {
      if (ts.isImportDeclaration(raw)) {
        first.push(...imported(raw));
        continue;
      }
      if (ts.isExportDeclaration(raw)) {
        if (raw.moduleSpecifier !== undefined)
          first.push(
            factory.createExpressionStatement(
              factory.createAwaitExpression(helper("import", [raw.moduleSpecifier])),
            ),
          );
        continue;
      }
      const statement = rewrite(raw, false) as ts.Statement;
      if (ts.isExportAssignment(statement)) {
        rest.push(ts.setTextRange(factory.createExpressionStatement(statement.expression), raw));
      } else if (ts.isFunctionDeclaration(statement)) {
        const { name, asteriskToken, parameters, body } = statement;
        const modifiers = statement.modifiers?.filter(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword);
        if (name === undefined || body === undefined) continue;
        // Named by inference, so that calls of itself see a later redefinition, too.
        const value = factory.createFunctionExpression(
          modifiers as ts.Modifier[] | undefined,
          asteriskToken,
          undefined,
          undefined,
          parameters,
          undefined,
          body,
        );
        ts.setTextRange(value, raw);
        hoisted.push(names.has(name.text) ? assign(name, value, raw) : declare(name, value, raw));
        names.add(name.text);
      } else if (ts.isClassDeclaration(statement) && statement.modifiers !== undefined) {
        const modifiers = statement.modifiers.filter(
          ({ kind }) => kind !== ts.SyntaxKind.ExportKeyword && kind !== ts.SyntaxKind.DefaultKeyword,
        );
        const { name, heritageClauses, members } = statement;
        rest.push(
          factory.updateClassDeclaration(statement, modifiers, name, undefined, heritageClauses, members),
        );
      } else if (ts.isVariableStatement(statement)) {
        rest.push(...variables(statement, names));
      } else rest.push(statement);
    }
    return factory.updateSourceFile(source, [...first, ...hoisted, ...rest]);
  };

  function asLet(list: ts.VariableDeclarationList): ts.VariableDeclarationList {
    return ts.setTextRange(factory.createVariableDeclarationList(list.declarations, ts.NodeFlags.Let), list);
  }

  function variables(statement: ts.VariableStatement, names: Set<string>): ts.Statement[] {
    const { declarationList: list } = statement;
    if (list.flags & ts.NodeFlags.BlockScoped)
      return [factory.updateVariableStatement(statement, undefined, asLet(list))];
    return list.declarations.flatMap((declaration): ts.Statement[] => {
      const bound = boundNames(declaration.name);
      if (!bound.some((name) => names.has(name))) {
        for (const name of bound) names.add(name);
        return [declare(declaration.name, declaration.initializer, statement)];
      }
      // The second `var` of a name in one cell: what is new is declared, then all is assigned.
      const fresh = bound.filter((name) => !names.has(name));
      for (const name of fresh) names.add(name);
      const out = fresh.map((name) => declare(factory.createIdentifier(name), undefined, statement));
      if (declaration.initializer === undefined) return out;
      if (ts.isIdentifier(declaration.name))
        return [...out, assign(declaration.name, declaration.initializer, statement)];
      return [...out, assign(asAssignment(declaration.name), declaration.initializer, statement)];
    });
  }

  function asAssignment(name: ts.BindingName): ts.Expression {
    if (ts.isIdentifier(name)) return name;
    const target = (element: ts.BindingElement): ts.Expression => {
      const inner = asAssignment(element.name);
      return element.initializer === undefined ? inner : factory.createAssignment(inner, element.initializer);
    };
    if (ts.isArrayBindingPattern(name))
      return factory.createArrayLiteralExpression(
        name.elements.map((element) => {
          if (ts.isOmittedExpression(element)) return element;
          return element.dotDotDotToken ? factory.createSpreadElement(target(element)) : target(element);
        }),
      );
    return factory.createObjectLiteralExpression(
      name.elements.map((element) => {
        if (element.dotDotDotToken) return factory.createSpreadAssignment(target(element));
        const key = element.propertyName ?? (element.name as ts.Identifier);
        return factory.createPropertyAssignment(key, target(element));
      }),
    );
  }
};

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : boundNames(element.name),
  );
}
