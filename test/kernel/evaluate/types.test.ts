/** The type check of a cell: what it finds, where, and with whose options. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;
let loose: TestKernel;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-loose-"));
  writeFileSync(
    join(folder, "tsconfig.json"),
    `{ // with a comment
      "compilerOptions": { "strict": false, "noUncheckedIndexedAccess": true, "target": "ES2015", "outDir": "out" } }`,
  );
  mkdirSync(join(folder, "notebooks"));
  [kernel, loose] = await Promise.all([TestKernel.start(), TestKernel.start({ folder })]);
});
afterAll(() => Promise.all([kernel.stop(), loose.stop()]));

const plain = stripVTControlCharacters;

describe("a type error", () => {
  test("is an error message with line, column and a code frame", async () => {
    const { error, stderr, reply } = await kernel.run("const a = 1;\nconst text: string = a;\n");
    expect(stderr).toBe("");
    expect(reply.content.status).toBe("error");
    expect(error).toMatchObject({
      ename: "TypeScriptError",
      evalue: "line 2, column 7: Type 'number' is not assignable to type 'string'. (TS2322)",
    });
    expect(plain(error!.traceback.join("\n"))).toBe(
      [
        "TypeScriptError: line 2, column 7: Type 'number' is not assignable to type 'string'. (TS2322)",
        "  1 | const a = 1;",
        "> 2 | const text: string = a;",
        "    |       ^^^^",
        "  3 | ",
      ].join("\n"),
    );
  });

  test("keeps the cell's lines below magics", async () => {
    const { error } = await kernel.run("%%time\n\nconst b: string = 1");
    expect(error!.evalue).toContain("line 3, column 7");
  });

  test("uses the names of earlier cells", async () => {
    await kernel.run("interface Point { x: number; y: number }\nconst origin: Point = { x: 0, y: 0 }");
    expect((await kernel.run("origin.z")).error!.evalue).toContain(
      "Property 'z' does not exist on type 'Point'",
    );
    expect((await kernel.run("const p: Point = { x: 1 }")).error!.evalue).toContain("'y' is missing");
    expect((await kernel.run("origin.x")).result).toBe("0");
  });

  test("several are all told", async () => {
    const { error } = await kernel.run("const x1: string = 1;\nconst x2: number = '';");
    expect(error!.traceback).toHaveLength(2);
  });

  test("a syntax error says so", async () => {
    const { error } = await kernel.run("const = 3");
    expect(error!.ename).toBe("SyntaxError");
    expect(error!.evalue).toContain("line 1, column 7");
  });

  test("strict is the default", async () => {
    expect((await kernel.run("function f(x) { return x }")).error!.evalue).toContain(
      "implicitly has an 'any' type",
    );
    expect((await kernel.run("let s: string = null")).error!.evalue).toContain("'null' is not assignable");
  });
});

describe("the notebook's tsconfig", () => {
  test("applies to its cells", async () => {
    expect((await loose.run("function f(x) { return x }\nlet s: string = null; f(s)")).result).toBe("null");
    expect((await loose.run("const list = [1]; const one: number = list[0]; one")).error).toBeUndefined();
  });

  test("but a cell's target stays the newest", async () => {
    expect((await loose.run("await Promise.resolve([1].at(-1))")).result).toBe("1");
  });
});

describe("suppression", () => {
  test("@ts-ignore and @ts-expect-error work as in a file", async () => {
    expect((await kernel.run("// @ts-ignore\nconst ig: string = 1;\nig")).result).toBe("1");
    expect((await kernel.run("// @ts-expect-error\nconst ok: string = ''")).error!.evalue).toContain(
      "Unused",
    );
  });
});
