/** The compiler's options for the cells of a notebook. */
import { dirname } from "node:path";
import { packageRoot } from "../../../src/support/package.js";
import ts from "../../support/typescript.js";

/** The notebook project's own options where they make sense for a cell, strict and of the newest language by default. */
export function compilerOptions(folder: string): ts.CompilerOptions {
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
