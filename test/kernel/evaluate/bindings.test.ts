/** Names across cells: alive, redeclared, kept by a cell that throws. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;

beforeAll(async () => {
  kernel = await TestKernel.start();
});
afterAll(() => kernel.stop());

/** Runs cells one after the other; the last one's result. */
async function cells(...codes: string[]): Promise<string | undefined> {
  let result: string | undefined;
  for (const code of codes) {
    const outcome = await kernel.run(code);
    expect(outcome.error?.traceback.join("\n")).toBeUndefined();
    result = outcome.result;
  }
  return result;
}

describe("bindings are alive across cells", () => {
  test("a variable that a function closes over is the one that later cells assign", async () => {
    expect(await cells("let c = 0; const inc = () => ++c", "c = 10; [inc(), c]")).toBe("[ 11, 11 ]");
  });

  test("a redefined function is seen by older ones", async () => {
    expect(
      await cells(
        "function g() { return 1 }\nfunction f() { return g() }",
        "function g() { return 2 }",
        "f()",
      ),
    ).toBe("2");
  });

  test("a function that calls itself calls its newest definition", async () => {
    expect(
      await cells(
        "function down(n: number): string { return n === 0 ? 'end' : down(n - 1) }\nconst old = down",
        "function down(n: number): string { return 'new' }",
        "old(2)",
      ),
    ).toBe("'new'");
  });

  test.each([
    ["const", "const v1 = 1", "const v1 = 'a'", "v1", "'a'"],
    ["let by const", "let v2 = 1", "const v2 = 'b'", "v2", "'b'"],
    ["const by function", "const v3 = 1", "function v3() { return 3 }", "v3()", "3"],
    ["function by class", "function v4() {}", "class v4 { x = 4 }", "new v4().x", "4"],
    ["class", "class V5 { a = 1 }", "class V5 { b = 5 }", "new V5().b", "5"],
    ["var by let", "var v6 = 1", "let v6 = 6", "v6", "6"],
    ["enum", "enum E7 { A }", "enum E7 { B = 7 }", "E7.B", "7"],
    ["import by const", "import { join as v8 } from 'node:path'", "const v8 = 8", "v8", "8"],
    [
      "type and interface",
      "type T9 = string",
      "interface T9 { n: number }",
      "const t9: T9 = { n: 9 }; t9.n",
      "9",
    ],
  ])("redeclaration: %s", async (_name, first, second, third, result) => {
    expect(await cells(first, second, third)).toBe(result);
  });

  test("a cell that throws keeps what it had declared", async () => {
    const { error } = await kernel.run(
      "const early = 5; function hoisted() { return early }\nthrow new Error('x')",
    );
    expect(error!.ename).toBe("Error");
    expect(await cells("hoisted() + early")).toBe("10");
  });

  test("and one that is interrupted", async () => {
    const id = await kernel.start("const sooner = 6; console.log('in'); await new Promise(() => {})");
    await kernel.until(
      () => kernel.iopub.find(({ type, parent }) => type === "stream" && parent === id),
      "output",
    );
    await kernel.request("control", "interrupt_request", {});
    await kernel.finish(id);
    expect(await cells("sooner")).toBe("6");
  });

  test("a cell with a type error declares nothing", async () => {
    const { error } = await kernel.run("const absent: number = 'text'");
    expect(error!.ename).toBe("TypeScriptError");
    expect((await kernel.run("absent")).error!.evalue).toContain("Cannot find name 'absent'");
  });

  test("assignment to a const fails the check, in its cell and in later ones", async () => {
    expect((await kernel.run("const fixed = 1; fixed = 2")).error!.evalue).toContain("constant");
    await kernel.run("const fixed2 = 1");
    expect((await kernel.run("fixed2 = 2")).error!.evalue).toContain("fixed2");
  });
});

describe("the language", () => {
  test.each([
    ["top-level await", "const w = await Promise.resolve(3); w", "3"],
    ["for await", "let sum = 0; for await (const x of [1, Promise.resolve(2)]) sum += x; sum", "3"],
    [
      "for await over a generator",
      "async function* gen() { yield 1; yield 2 } const all: number[] = []; for await (const x of gen()) all.push(x); all",
      "[ 1, 2 ]",
    ],
    [
      "using",
      "const log: string[] = []; { using r = { [Symbol.dispose]() { log.push('disposed') } }; log.push('used') } log",
      "[ 'used', 'disposed' ]",
    ],
    [
      "await using",
      "const log2: string[] = []; { await using r = { async [Symbol.asyncDispose]() { log2.push('gone') } } } log2",
      "[ 'gone' ]",
    ],
    [
      "decorators",
      "function twice(f: (this: D, n: number) => number, _: ClassMethodDecoratorContext) { return function (this: D, n: number) { return f.call(this, n) * 2 } }\nclass D { @twice m(n: number) { return n } }\nnew D().m(4)",
      "8",
    ],
    ["enums", "enum Colour { Red, Green } Colour[1]", "'Green'"],
    ["const enums", "const enum Size { S = 1, L = 9 } Size.L", "9"],
    ["namespaces", "namespace N { export const x = 2 } N.x", "2"],
    ["generics with an arrow", "const id = <T,>(x: T) => x; id('x')", "'x'"],
    ["satisfies", "({ a: 1 }) satisfies { a: number }", "{ a: 1 }"],
    ["parameter properties", "class P { constructor(readonly n: number) {} } new P(3).n", "3"],
    ["private fields", "class Q { #n = 4; get n() { return this.#n } } new Q().n", "4"],
    [
      "labels",
      "outer: for (const a of [1, 2]) for (const b of [1, 2]) { if (b === 2) continue outer }; 'done'",
      "'done'",
    ],
    ["an object literal as a statement", "({ a: 1, b: 2 })", "{ a: 1, b: 2 }"],
    ["destructuring", "const { p, ...rest } = { p: 1, q: 2, r: 3 }; [p, rest]", "[ 1, { q: 2, r: 3 } ]"],
    [
      "destructuring with var twice",
      "var [da, { db = 5 }] = [1, {}] as [number, { db?: number }]; var [da] = [2]; [da, db]",
      "[ 2, 5 ]",
    ],
    ["a function used before its text", "early2(); function early2() { return 'up' } early2()", "'up'"],
    ["async functions", "async function af() { return await Promise.resolve('a') } await af()", "'a'"],
    ["generators", "function* gf() { yield 1 } [...gf()]", "[ 1 ]"],
    ["bigint", "2n ** 64n", "18446744073709551616n"],
    ["negative zero", "-0", "-0"],
    ["not a number", "NaN", "NaN"],
    ["null", "null", "null"],
    ["a symbol", "Symbol('s')", "Symbol(s)"],
    ["a function", "(function named() {})", "[Function: named]"],
    ["regular expressions with the newest flags", "/[\\p{L}--[a-z]]/v.test('a')", "false"],
    ["export", "export const shown = 3; export default shown", "3"],
    ["import.meta", "typeof import.meta.url", "'string'"],
    ["this", "typeof globalThis", "'object'"],
    [
      "abstract classes",
      "abstract class Ab { abstract n(): number } class Bc extends Ab { n() { return 1 } } new Bc().n()",
      "1",
    ],
    [
      "overloads",
      "function ov(a: string): string; function ov(a: number): number; function ov(a: unknown) { return a } ov(2)",
      "2",
    ],
  ])("%s", async (_name, code, result) => {
    expect(await cells(code)).toBe(result);
  });

  test("JSX is off", async () => {
    expect((await kernel.run("const e = <div>a</div>")).reply.content.status).toBe("error");
  });

  test("async functions keep their cell's line in the traceback", async () => {
    const { error } = await kernel.run(
      "interface Much { a: string; b: string }\n\nasync function fails(m: Much): Promise<void> {\n  await null;\n  throw new Error(m.a);\n}\nawait fails({ a: 'deep', b: '' });",
    );
    expect(error!.traceback.join("\n")).toMatch(/> 5 \| {3}throw new Error\(m\.a\)/);
  });

  test("an error's cause is told", async () => {
    const { error } = await kernel.run("throw new Error('outer', { cause: new TypeError('inner') })");
    expect(error!.traceback.join("\n")).toMatch(/outer[\s\S]*caused by[\s\S]*inner/);
  });
});
