/**
 * What a front end asks while the user types: completions with their kinds, inspection with type and documentation,
 * and whether the text is a complete cell. All offsets are UTF-16 units here; the answers count code points, as
 * Jupyter does.
 */
import ts from "../../support/typescript.js";
import { magicNames } from "../magics/names.js";
import { syntaxErrors } from "./compile.js";
import type { NotebookLanguage } from "./service.js";

const describedMatches = 24;

/** The content of `complete_reply`. */
export function complete(language: NotebookLanguage, code: string, cursor: number) {
  const before = code.slice(0, cursor);
  const points = (offset: number) => [...code.slice(0, offset)].length;
  const magic = /(?:^|\n)(%{1,2}\w*)$/.exec(before)?.[1];
  if (magic !== undefined) {
    const matches = magicNames.filter((name) => name.startsWith(magic));
    return answer(matches, points(cursor - magic.length), points(cursor), []);
  }
  const current = language.open(blankMagics(code), true);
  const info = language.service.getCompletionsAtPosition(current.fileName, current.offset + cursor, {
    includeCompletionsWithInsertText: false,
    includeCompletionsForModuleExports: false,
    includeSymbol: true,
  });
  const head = /[\p{ID_Continue}$]*$/u.exec(before)?.[0] ?? "";
  const tail = /^[\p{ID_Continue}$]*/u.exec(code.slice(cursor))?.[0] ?? "";
  const span = info?.optionalReplacementSpan;
  const entries = info?.entries ?? [];
  // In a string (a path, a property name in brackets) the entries carry the span that they replace.
  const own = entries.find((entry) => entry.replacementSpan !== undefined)?.replacementSpan;
  const replaced = own ?? span;
  const start = replaced ? replaced.start - current.offset : cursor - head.length;
  const end = replaced ? Math.max(cursor, start + replaced.length) : cursor + tail.length;
  const offered = entries
    .filter(({ kind, name }) => kind !== ts.ScriptElementKind.warning && !name.startsWith("__kernel"))
    .sort((a, b) => compare(a.sortText, b.sortText) || compare(a.name.toLowerCase(), b.name.toLowerCase()));
  // The whole word about the cursor counts; where nothing fits it, what stands before the cursor.
  const whole = matching(offered, code.slice(start, end));
  const kept = whole.length > 0 ? whole : matching(offered, code.slice(start, cursor));
  const matches = [...new Set(kept.map(({ name }) => name))];
  const [from, to] = [points(start), points(end)];
  const described = signatures(language, current.fileName);
  const types = kept.slice(0, describedMatches).map(({ name, kind, symbol }) => {
    const signature = symbol === undefined ? "" : described(symbol);
    return { text: name, type: kind as string, signature, start: from, end: to };
  });
  return answer(matches, from, to, types);
}

// The types of names. TypeScript's details of an entry would do the whole completion again for each.
function signatures({ service }: NotebookLanguage, fileName: string): (symbol: ts.Symbol) => string {
  const program = service.getProgram();
  const checker = program?.getTypeChecker();
  const place = program?.getSourceFile(fileName);
  if (checker === undefined || place === undefined) return () => "";
  return (named) => {
    const symbol = named.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(named) : named;
    const type =
      symbol.flags & ts.SymbolFlags.Value
        ? checker.getTypeOfSymbolAtLocation(symbol, place)
        : checker.getDeclaredTypeOfSymbol(symbol);
    return checker.typeToString(type);
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Names that begin with the text, those of the same case first; if there are none, names that contain it.
function matching(entries: readonly ts.CompletionEntry[], text: string): ts.CompletionEntry[] {
  const lower = text.toLowerCase();
  const begin = entries.filter(({ name }) => name.toLowerCase().startsWith(lower));
  if (begin.length === 0) return entries.filter(({ name }) => name.toLowerCase().includes(lower));
  const exact = begin.filter(({ name }) => name.startsWith(text));
  return [...exact, ...begin.filter((entry) => !exact.includes(entry))];
}

function answer(matches: string[], start: number, end: number, types: object[]) {
  const metadata = types.length > 0 ? { _jupyter_types_experimental: types } : {};
  return { status: "ok" as const, matches, cursor_start: start, cursor_end: end, metadata };
}

/** The content of `inspect_reply`: type and documentation of what stands at the cursor. */
export function inspect(language: NotebookLanguage, code: string, cursor: number, detail: number) {
  const current = language.open(blankMagics(code));
  const { service } = language;
  const { fileName, offset } = current;
  const at = [cursor, cursor - 1].filter((position) => position >= 0);
  for (const position of at) {
    const info = service.getQuickInfoAtPosition(fileName, offset + position);
    if (info === undefined) continue;
    const signature = ts.displayPartsToString(info.displayParts);
    // A name that is not known has the type `any` and nothing else.
    if (info.kind === ts.ScriptElementKind.unknown && signature === "any") continue;
    const text = document(info.documentation, info.tags);
    const source = detail > 0 ? definition(language, fileName, offset + position) : "";
    return found(signature, text, source);
  }
  const help = service.getSignatureHelpItems(fileName, offset + cursor, undefined);
  const item = help?.items[help.selectedItemIndex];
  if (item === undefined) return { status: "ok" as const, found: false, data: {}, metadata: {} };
  const join = (parts: ts.SymbolDisplayPart[]) => ts.displayPartsToString(parts);
  const parameters = item.parameters.map(({ displayParts }) => join(displayParts));
  const signature =
    join(item.prefixDisplayParts) +
    parameters.join(join(item.separatorDisplayParts)) +
    join(item.suffixDisplayParts);
  return found(signature, document(item.documentation, item.tags), "");
}

function document(parts: ts.SymbolDisplayPart[] | undefined, tags: ts.JSDocTagInfo[] | undefined): string {
  const text = ts.displayPartsToString(parts);
  const lines = (tags ?? []).map(({ name, text }) => `@${name} ${ts.displayPartsToString(text)}`.trimEnd());
  return [text, lines.join("\n")].filter((part) => part !== "").join("\n\n");
}

function found(signature: string, text: string, source: string) {
  const plain = [signature, text, source].filter((part) => part !== "").join("\n\n");
  const fence = (body: string) => `\`\`\`typescript\n${body}\n\`\`\``;
  const markdown = [fence(signature), text, source === "" ? "" : fence(source)].filter((part) => part !== "");
  const data = { "text/plain": plain, "text/markdown": markdown.join("\n\n") };
  return { status: "ok" as const, found: true, data, metadata: {} };
}

function definition(language: NotebookLanguage, fileName: string, position: number): string {
  const program = language.service.getProgram();
  const [place] = language.service.getDefinitionAtPosition(fileName, position) ?? [];
  const text = place && program?.getSourceFile(place.fileName)?.text;
  const span = place?.contextSpan ?? place?.textSpan;
  if (text === undefined || span === undefined) return "";
  return text.slice(span.start, span.start + Math.min(span.length, 4000));
}

/** The content of `is_complete_reply`. */
export function isComplete(code: string) {
  const source = ts.createSourceFile("cell.ts", blankMagics(code), ts.ScriptTarget.ESNext, true);
  const errors = syntaxErrors(source);
  if (/^\s*%%(?!time\b)\w/.test(code))
    return { status: /\n\s*$/.test(code) ? "complete" : "incomplete", indent: "" };
  if (errors.length === 0) return { status: "complete" };
  const end = source.text.trimEnd().length;
  // What is wrong at the end of the text may be right once there is more of it.
  const open = errors.every(
    ({ start, code: number }) => ((start ?? 0) >= end && number !== endsWithLine) || continues.has(number),
  );
  if (!open) return { status: "invalid" };
  const last = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^\s*/.exec(last)?.[0] ?? "";
  if (/[{([]$/.test(last)) return { status: "incomplete", indent: `${indent}  ` };
  return {
    status: "incomplete",
    indent: /^\s*[})\]]/.test(last) ? indent.replace(/(?: {2}|\t)$/, "") : indent,
  };
}

// Unterminated comment and template literal go on in the next line, a string in quotes ends with its own.
const continues = new Set([1010, 1160]);
const endsWithLine = 1002;

/** The lines of magics at the top of a cell as blanks, so that every other position stays. */
export function blankMagics(code: string): string {
  return code.replace(/^(?:[ \t]*(?:%[^\n]*|\?[^\n]*)?(?:\n|$))+/, (head) => head.replace(/[^\n]/g, " "));
}
