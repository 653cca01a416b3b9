/**
 * What tslab's own specifications expect of its converter, completion and inspection, in our words, of our language
 * service. README.md beside says what of them does not apply, and why.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { complete, inspect, isComplete } from "../../../kernel/evaluate/language/assist.js";
import { compile } from "../../../kernel/evaluate/language/compile.js";
import { NotebookLanguage } from "../../../kernel/evaluate/language/service.js";

const folder = mkdtempSync(join(tmpdir(), "jessl-tslab-"));
afterAll(() => rmSync(folder, { recursive: true }));

// One service for all: what a test declares is hidden by the names of the next.
let language = new NotebookLanguage(folder);

/** Compiles cells one after the other; the messages of the last one. */
function cells(...codes: string[]): string[] {
  let messages: string[] = [];
  for (const code of codes) {
    const compiled = compile(language, code);
    messages = compiled.ok ? [] : compiled.faults.map(({ message }) => message.split("\n")[0]!);
  }
  return messages;
}

/** Completes at `|`. */
function at(text: string) {
  const cursor = text.indexOf("|");
  const { matches, cursor_start, cursor_end } = complete(language, text.replace("|", ""), cursor);
  return {
    matches,
    replaced: text.replace("|", "").slice(cursor_start, cursor_end),
    cursor,
    cursor_start,
    cursor_end,
  };
}

describe("completion", () => {
  const pair = 'let v = { abc: "hello", xyz: 10 };';
  const options = "let o: { alpha: string; beta: number } =";
  test.each<[name: string, text: string, matches: string[], replaced: string]>([
    ["members", `${pair} v.|`, ["abc", "xyz"], ""],
    ["members with prefix", `${pair} v.ab|`, ["abc"], "ab"],
    ["members with suffix", `${pair} v.|ab`, ["abc"], "ab"],
    ["members with surrounding identifier", `${pair} v.a|b`, ["abc"], "ab"],
    ["members mismatch", `${pair} v.qwerty|`, [], "qwerty"],
    ["members of any", "let x: any = 10; x.|", [], ""],
    ["members of any with prefix", "let x: any = 10; x.abc|", [], "abc"],
    ["members in an object literal", `${options} {|};`, ["alpha", "beta"], ""],
    ["missing members in an object literal", `${options} { alpha: "a", |}`, ["beta"], ""],
    ["members in an object literal with prefix", `${options} {al|}`, ["alpha"], "al"],
    ["members in an object literal with suffix", `${options} {|al}`, ["alpha"], "al"],
    ["members in an object literal, surrounding", `${options} {a|l}`, ["alpha"], "al"],
    ["globals with prefix", "setT|", ["setTimeout"], "setT"],
    ["globals with suffix", "|setT", ["setTimeout"], "setT"],
    ["globals with surrounding", "set|I", ["setImmediate", "setInterval"], "setI"],
    ["inside a string", 'let s = "|"', [], ""],
    ["inside an unclosed string", 'let s = "|', [], ""],
    ["inside a comment", "/* | */", [], ""],
    [
      "documentation tags with prefix",
      "/** @par| */ function f(xyz: number, abc: string): void {}",
      ["param", "param abc ", "param xyz "],
      "par",
    ],
    [
      "documented parameters",
      "/** @param | */ function f(xyz: number, abc: string): void {}",
      ["abc", "xyz"],
      "",
    ],
  ])("%s", (_name, text, matches, replaced) => {
    const found = at(text);
    expect(found.matches).toEqual(matches);
    expect(found.replaced).toBe(replaced);
  });

  test("members of an imported module", () => {
    expect(at('import * as vm from "vm"; vm.|').matches).toEqual(
      expect.arrayContaining(["createContext", "isContext", "runInContext", "Script"]),
    );
  });

  test("candidates: exact case first, then other cases; those that contain the text if there are none", () => {
    const text = 'let v = { bxy: true, axy: "", cxy: 3.4, dXY: false, xyz: 10, XYZ: 30 }; v.XY|';
    expect(at(text).matches).toEqual(["XYZ", "xyz"]);
    expect(at(text.replace("XY|", "yz|")).matches).toEqual(["xyz", "XYZ"]);
  });

  test("globals, and names of earlier cells", () => {
    cells("let oldval = 3");
    const { matches } = at("let newval = 10; |");
    expect(matches).toEqual(
      expect.arrayContaining(["AbortController", "Array", "console", "oldval", "newval"]),
    );
    expect(at("oldv|").matches).toEqual(["oldval"]);
  });

  test("strings that the type allows come first", () => {
    const text = 'type Version = "cupcake" | "donut"; let w: Version = ';
    const allowed = complete(language, text, text.length);
    expect(allowed.matches.slice(0, 2)).toEqual(['"cupcake"', '"donut"']);
  });

  test("locals come before globals", () => {
    const { matches } = at("function fn(abc: number, xyz: string) { | }");
    const globals = matches.indexOf("AbortController");
    for (const name of ["abc", "arguments", "fn", "xyz"]) expect(matches.slice(0, globals)).toContain(name);
  });

  test("documentation tags", () => {
    const { matches } = at("/** |*/ function f(xyz: number): void {}");
    expect(matches).toEqual(expect.arrayContaining(["@param", "@returns", "@deprecated"]));
  });
});

describe("inspection", () => {
  const text = (code: string, name: string) => {
    const found = inspect(language, code, code.indexOf(name), 0);
    return found.found ? (found.data as { "text/plain": string })["text/plain"] : undefined;
  };

  test("nothing where there is nothing", () => {
    expect(text("", "")).toBeUndefined();
  });

  test.each([
    [
      "let",
      "/** xyz is a great variable */\nlet xyz = 10;",
      "xyz =",
      "let xyz: number\n\nxyz is a great variable",
    ],
    ["var", "/** klm is great */\nvar klm = true;", "klm =", "var klm: boolean\n\nklm is great"],
    ["const", "/** abc is great */\nconst abc = 'hello';", "abc =", 'const abc: "hello"\n\nabc is great'],
    ["let of an interface", "let m: Map<string, number>;", "m:", "let m: Map<string, number>"],
    ["enum member", "enum myenum { key1, key2 } myenum.key1;", "key1;", "(enum member) myenum.key1 = 0"],
  ])("%s", (_name, code, name, wanted) => {
    expect(text(code, name)).toBe(wanted);
  });

  test("methods of the library with their documentation and tags", () => {
    const found = text('let s = "abc"; s.indexOf("b");', "indexOf(")!;
    expect(found).toContain("(method) String.indexOf(searchString: string, position?: number): number");
    expect(found).toContain("Returns the position of the first occurrence");
    expect(found).toContain("@param searchString");
  });

  test("constructors tell their overloads, interfaces their parameters", () => {
    expect(text("let n = new Map();", "Map(")).toMatch(
      /MapConstructor\nnew \(\) => Map<any, any> \(\+\d+ overload/,
    );
    expect(text("let k: Map<string, number>;", "Map<")).toMatch(/^interface Map<K, V>/);
  });
});

describe("diagnostics", () => {
  const compileTo = (code: string) => compile(language, code);

  test("a syntax error has its place", () => {
    expect(compileTo("let x + 10;")).toMatchObject({
      ok: false,
      faults: [{ code: 1005, message: "',' expected.", line: 1, column: 7, syntax: true }],
    });
  });

  test("a type error has its place", () => {
    expect(compileTo("let x: string = 10;")).toMatchObject({
      ok: false,
      faults: [
        { code: 2322, message: "Type 'number' is not assignable to type 'string'.", line: 1, column: 5 },
      ],
    });
  });

  test("the browser's globals are not there", () => {
    expect(cells("let div = document.createElement('div');")[0]).toContain("Cannot find name 'document'");
  });

  test("a name declared twice in one cell is an error", () => {
    const twice = "Cannot redeclare block-scoped variable 'x'.";
    expect(cells("let x = 3; let x = 4;")).toEqual([twice, twice]);
  });

  test("a wrong implementation of an interface", () => {
    expect(cells("interface Shape {\n  color: string;\n}\nclass ShapeImpl implements Shape {}")).toEqual([
      "Class 'ShapeImpl' incorrectly implements interface 'Shape'.",
    ]);
  });

  test("a cell may hide a global type that its functions return", () => {
    language = new NotebookLanguage(folder);
    expect(
      cells("async function fn() {\n  return 0;\n}", "class Promise {}", "fn().then((n) => n + 1)"),
    ).toEqual([]);
  });

  test.each([
    ["function expression", "let f = function () { return await asyncHello(); }"],
    ["arrow function", "let f = () => { return await asyncHello(); }"],
    ["arrow function without a block", "let f = () => await asyncHello()"],
    ["function declaration", "function f() { return await asyncHello(); }"],
    ["class", "class Cls { f() { return await asyncHello(); } }"],
    ["namespace", "namespace ns { await asyncHello(); }"],
  ])("await where it is not allowed: %s", (_name, code) => {
    expect(cells(`async function asyncHello() { return "Hello"; }\n${code}`)[0]).toContain(
      "'await' expressions are only allowed within async functions and at the top levels of modules.",
    );
  });

  test("await at the top level, and its type in the next cell", () => {
    expect(
      cells("async function hello() { return 'Hello' }\nlet msg = await hello();", "msg.length.toFixed()"),
    ).toEqual([]);
  });
});

describe("names across cells", () => {
  test.each<[name: string, codes: string[]]>([
    ["variables", ["let x = 123;", "let y = x * x;", "y.toFixed()"]],
    [
      "a class, an enum, imports",
      [
        "import * as crypto from 'crypto';\nimport { createHash } from 'crypto';\nclass Greeter { greeting = '' }\nenum Color { Red, Green }",
        'crypto.createHash("sha256").update("a");\ncreateHash("sha256");\nlet g = new Greeter();\ng = { greeting: "m" };\nlet z: Color = Color.Red;',
      ],
    ],
    ["assignment", ["let x: number = 1", "x = x * x;"]],
    [
      "variables by other types",
      ["let x: number, y: string;\nlet z: boolean;", "let x = true;\nlet z = 'z';", "z.length; x === true"],
    ],
    [
      "type aliases by values",
      [
        "interface itype { x: number }\ntype atype = itype | number;",
        "class itype { y = '' }\nlet atype = 123;",
        "atype.toFixed(); new itype().y",
      ],
    ],
    ["a class by a value", ["class A {}\nclass B {}", "let A = 10;", "A.toFixed(); new B()"]],
    ["a class by a type", ["class A {}", "interface A { x: number }", "const a: A = { x: 1 }; a.x"]],
    ["an enum by a value", ["enum A { K = 1 }\nenum B { L = 2 }", "let A = 10;", "A + B.L"]],
    ["an enum by a type", ["enum A { K = 1 }", "interface A { x: number }", "const a: A = { x: 1 }; a"]],
    [
      "an imported type by a type",
      [
        "import { CpuInfo, UserInfo } from 'os';",
        "interface CpuInfo { x: number }",
        "let c: CpuInfo = { x: 1 }; let u: UserInfo<string> | undefined",
      ],
    ],
    ["an imported value by a value", ["import { cpus } from 'os';", "let cpus = 10", "cpus.toFixed()"]],
    ["an imported namespace by a value", ["import * as os from 'os';", "let os = 10;", "os.toFixed()"]],
    ["a global by a value", ["let process = 3", "process.toFixed()"]],
    [
      "a global interface by one of the same name",
      [
        "interface Map { mymethod(): number }\nfunction createMap(): Map { return { mymethod: () => 1 } }",
        "let n = createMap();",
        "n.mymethod()",
      ],
    ],
    [
      "interfaces merged in one cell",
      ["interface I { a: number }\ninterface I { b: number }", "const i: I = { a: 1, b: 2 }; i"],
    ],
    ["the package tslab", ['import * as tslab from "tslab";\nlet d = tslab.newDisplay();', "d.html('x')"]],
    ["optional chaining and nullish coalescing", ["let x: { a?: { b: string } } = {}", "x.a?.b ?? 'none'"]],
    [
      "generics",
      [
        "class G<T> { constructor(public t: T) {} }\nfunction id<T>(t: T): T { return t }",
        "new G(id(3)).t.toFixed()",
      ],
    ],
    ["a label that looks like an object literal", ["{ a: 1 }", "{ a: for (;;) break a; }"]],
  ])("%s", (name, codes) => {
    const shared = language;
    if (name.startsWith("a global")) language = new NotebookLanguage(folder);
    for (const code of codes) expect(cells(code), code).toEqual([]);
    language = shared;
  });

  test("a const cannot be assigned", () => {
    expect(cells("const x: number = 1", "x = x * x;")).toEqual([
      "Cannot assign to 'x' because it is a constant.",
    ]);
  });

  test("the same cell again and again, right or wrong", () => {
    for (let i = 0; i < 3; i++) {
      expect(cells("let again = 1; again + 1")).toEqual([]);
      expect(cells("let wrong: string = 1")).toHaveLength(1);
    }
  });
});

describe("whether a cell is complete", () => {
  test.each([
    ["let x = 10", "complete"],
    ["function f() {\n}", "complete"],
    ["class C {\n}", "complete"],
    ["  \n  ", "complete"],
    ["function f() {", "incomplete", "  "],
    ["function f() {\n  f()", "incomplete", "  "],
    ["while (true) {\n\tlet x = 10;", "incomplete", "\t"],
    ["fn(x,\n   y", "incomplete", "   "],
    ["let x = y +", "incomplete", ""],
    ["  function f() {", "incomplete", "    "],
    ["function f() {\n  if (x) {\n    }", "incomplete", "  "],
    ["let x-+10", "invalid"],
  ])("%j is %s", (code, status, indent?: string) => {
    expect(isComplete(code)).toEqual(indent === undefined ? { status } : { status, indent });
  });
});
