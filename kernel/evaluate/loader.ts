/**
 * The loader hook for the user's TypeScript files: `./model` and `./model.js` find `model.ts`, and the text is
 * transpiled on the fly. The time of the file's last change is part of its address, so that a cell that imports it
 * again after an edit gets the new version.
 */
import { readFileSync, statSync } from "node:fs";
import type { LoadHook, ResolveHook } from "node:module";
import { dirname, resolve as join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "../support/typescript.js";
import { sourceFile } from "./imports.js";

/** Finds TypeScript files. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const local = specifier.startsWith("file:")
    ? fileURLToPath(specifier)
    : /^\.{0,2}\//.test(specifier) && context.parentURL?.startsWith("file:")
      ? join(dirname(fileURLToPath(context.parentURL)), specifier)
      : undefined;
  if (local !== undefined && !local.includes("/node_modules/")) {
    const file = sourceFile(local);
    if (file !== undefined)
      return {
        url: `${pathToFileURL(file).href}?changed=${statSync(file).mtimeMs}`,
        format: "module",
        shortCircuit: true,
      };
  }
  return next(specifier, context);
};

/** Compiles them. */
export const load: LoadHook = async (url, context, next) => {
  if (!/\.[mc]?ts(\?changed=[\d.]+)?$/.test(url) || !url.startsWith("file:")) return next(url, context);
  const path = fileURLToPath(url);
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  return { format: "module", source: outputText, shortCircuit: true };
};
