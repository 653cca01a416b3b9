/** Parameters of notebooks: papermill's rules, and TypeScript's types. */
import { expect, test } from "vitest";
import { codeCell, type Notebook, tagsOf } from "../../../kernel/notebook/nbformat.js";
import { parseParameters, withParameters } from "../../../kernel/notebook/parameters.js";

function notebook(...cells: [source: string, ...tags: string[]][]): Notebook {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: cells.map(([source, ...tags]) => codeCell(source, tags, 5)),
  };
}

const sources = ({ cells }: Notebook) => cells.map(({ source }) => source);

test("values: JSON where it reads as such, text elsewhere", () => {
  const parsed = parseParameters([
    ["a", "3"],
    ["b", "true"],
    ["c", "[1, 2]"],
    ["d", "simclr"],
    ["e", '"7"'],
    ["f", "1e-3"],
  ]);
  expect(Object.fromEntries(parsed)).toEqual({ a: 3, b: true, c: [1, 2], d: "simclr", e: "7", f: 0.001 });
  expect(() => parseParameters([["a b", "1"]])).toThrow("parameter a b: expected the name of a variable");
});

test("declared again, with the type that is written or that the default has", () => {
  const before = notebook(
    ["// first"],
    ['let epochs = 3;\nconst seed = 1;\nconst method: "simclr" | "byol" = "simclr";', "parameters"],
    ["// last"],
  );
  const parameters = new Map<string, unknown>([
    ["epochs", 5],
    ["seed", 2],
    ["method", "byol"],
  ]);
  const { notebook: after, warnings } = withParameters(before, parameters);
  expect(warnings).toEqual([]);
  expect(sources(after)).toEqual([
    "// first",
    before.cells[1]!.source,
    '// Parameters\nlet epochs: number = 5;\nlet seed: number = 2;\nlet method: "simclr" | "byol" = "byol";',
    "// last",
  ]);
  expect(tagsOf(after.cells[2]!)).toEqual(["injected-parameters"]);
  expect(sources(before)).toHaveLength(3);
});

test("a second run replaces the cell of the first", () => {
  const once = withParameters(notebook(["let a = 1;", "parameters"]), new Map([["a", 2]])).notebook;
  const twice = withParameters(once, new Map([["a", 3]])).notebook;
  expect(sources(twice)).toEqual(["let a = 1;", "// Parameters\nlet a: number = 3;"]);
});

test("an unknown name is set with a warning; without a parameters cell they go first", () => {
  const typo = withParameters(notebook(["let epochs = 1;", "parameters"]), new Map([["epoch", 2]]));
  expect(typo.warnings).toEqual(["parameter epoch: not in the parameters cell (did you mean epochs?)"]);
  expect(sources(typo.notebook)[1]).toBe("// Parameters\nlet epoch = 2;");
  const none = withParameters(notebook(["1"]), new Map([["a", "x"]]));
  expect(sources(none.notebook)).toEqual(['// Parameters\nlet a = "x";', "1"]);
  expect(none.warnings[0]).toMatch(/no cell is tagged/);
});

test("no parameters: the notebook is untouched", () => {
  const before = notebook(["1"]);
  expect(withParameters(before, new Map()).notebook).toBe(before);
});
