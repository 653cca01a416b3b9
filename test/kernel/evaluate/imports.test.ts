/** Imports of a cell: packages of every kind, local files, this package itself, and tslab's display API. */
import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;
let folder: string;

const write = (path: string, text: string) => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jessl-imports-"));
  write(
    "shape.ts",
    'import { unit } from "./unit";\nexport interface Side { n: number }\n/** Doubles. */\nexport const twice = (s: Side): number => s.n * 2 * unit;\n',
  );
  write("unit.ts", "export const unit: number = 1;\n");
  write("lib/index.ts", "export const deep = 'index';\nexport default class Thing {}\n");
  write("old.cjs", "exports.value = 3; exports.nested = { a: 1 };\n");
  write("data.json", '{ "rows": [1, 2, 3] }');
  write("fails.ts", "const x: number = 1;\n\nthrow new Error('in a file ' + x);\n");
  write(
    "node_modules/only-esm/package.json",
    '{ "name": "only-esm", "type": "module", "exports": { ".": { "types": "./i.d.ts", "import": "./i.js" } } }',
  );
  write("node_modules/only-esm/i.js", "export const esm = true; export default () => 'called';\n");
  write("node_modules/only-esm/i.d.ts", "export const esm: boolean;\nexport default function (): string;\n");
  write("node_modules/only-cjs/package.json", '{ "name": "only-cjs", "main": "i.js", "types": "i.d.ts" }');
  write("node_modules/only-cjs/i.js", "const make = () => ({ a: 1, b: 2 }); module.exports = make();\n");
  write("node_modules/only-cjs/i.d.ts", "declare const all: { a: number; b: number };\nexport = all;\n");
  kernel = await TestKernel.start({ folder });
});
afterAll(() => kernel.stop());

async function result(code: string): Promise<string | undefined> {
  const { error, result } = await kernel.run(code);
  expect(error?.traceback.join("\n")).toBeUndefined();
  return result;
}

describe("imports", () => {
  test.each([
    ["built-in modules", "import { basename } from 'node:path'; basename('a/b')", "'b'"],
    ["built-in modules without a scheme", "import * as os from 'os'; typeof os.cpus", "'function'"],
    ["ES modules", "import called, { esm } from 'only-esm'; [esm, called()]", "[ true, 'called' ]"],
    ["CommonJS", "import cjs from 'only-cjs'; cjs.a", "1"],
    ["names of CommonJS that Node does not find", "import { b } from 'only-cjs'; b", "2"],
    [
      "local TypeScript",
      "import { twice, type Side } from './shape'; const s: Side = { n: 4 }; twice(s)",
      "8",
    ],
    [
      "local TypeScript as .js and .ts",
      "import { unit } from './unit.js'; import { unit as u2 } from './unit.ts'; unit + u2",
      "2",
    ],
    ["a folder's index", "import Thing, { deep } from './lib'; [deep, new Thing()]", "[ 'index', Thing {} ]"],
    ["JSON", "import data from './data.json'; data.rows.length", "3"],
    ["JSON with an attribute", "import data2 from './data.json' with { type: 'json' }; data2.rows[2]", "3"],
    ["dynamic import", "const { twice: t2 } = await import('./shape'); t2({ n: 1 })", "2"],
    ["import = require", "import req = require('node:url'); typeof req.URL", "'function'"],
    ["require", "require('node:os').EOL.length", "1"],
    ["for a side effect", "import './unit'; 1", "1"],
    [
      "a name that exists as a type only",
      "import { Side } from './shape'; const s2: Side = { n: 1 }; s2.n",
      "1",
    ],
    ["what this package depends on", "import { z } from 'zod'; z.number().parse(3)", "3"],
    ["ESM-only packages", "import { compile } from 'vega-lite'; typeof compile", "'function'"],
  ])("%s", async (_name, code, wanted) => {
    expect(await result(code)).toBe(wanted);
  });

  test("jessl itself, with its types", async () => {
    expect(await result('import { jit } from "jessl"; typeof jit')).toBe("'function'");
    const { content } = await kernel.request("shell", "inspect_request", {
      code: "jit",
      cursor_pos: 2,
      detail_level: 0,
    });
    expect(content.data["text/plain"]).toContain("function jit");
  });

  test("an edited file is read again", async () => {
    write("edited.ts", "export const version = 1;\n");
    utimesSync(join(folder, "edited.ts"), 1, 1);
    expect(await result("import { version } from './edited'; version")).toBe("1");
    write("edited.ts", "export const version = 'two';\n");
    expect(await result("import { version } from './edited'; version.length")).toBe("3");
  });

  test("what is not there is a type error, and at run time says how to install it", async () => {
    expect((await kernel.run("import x from 'not-there-at-all'")).error!.evalue).toContain(
      "Cannot find module 'not-there-at-all'",
    );
    const { error } = await kernel.run("// @ts-ignore\nimport y from 'not-there-at-all'");
    expect(error!.evalue).toContain("%install not-there-at-all");
  });

  test("an error in a local file has that file's line", async () => {
    const { error } = await kernel.run("await import('./fails')");
    expect(error!.evalue).toBe("in a file 1");
    expect(error!.traceback.join("\n")).toContain("fails.ts");
  });
});

describe("tslab", () => {
  test("its display API publishes through this kernel", async () => {
    const { iopub, error } = await kernel.run(
      'import * as tslab from "tslab";\ntslab.display.html("<b>1</b>"); tslab.display.raw("text/x-mine", "m"); tslab.display.png(new Uint8Array([1, 2]))',
    );
    expect(error?.traceback.join("\n")).toBeUndefined();
    const data = iopub.filter(({ type }) => type === "display_data").map(({ content }) => content.data);
    expect(data).toEqual([{ "text/html": "<b>1</b>" }, { "text/x-mine": "m" }, { "image/png": "AQI=" }]);
  });

  test("newDisplay updates in place", async () => {
    const { iopub } = await kernel.run("const d = tslab.newDisplay(); d.text('1'); d.text('2')");
    const shown = iopub.filter(({ type }) => /display_data$/.test(type));
    expect(shown.map(({ type, content }) => [type, content.data["text/plain"]])).toEqual([
      ["display_data", "1"],
      ["update_display_data", "2"],
    ]);
    expect(shown[0]!.content.transient.display_id).toBe(shown[1]!.content.transient.display_id);
  });
});
