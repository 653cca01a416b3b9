/** Notebooks over the real kernel: outputs, parameters, failing cells, limits, and what is saved when. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Cell,
  codeCell,
  formatNotebook,
  parseNotebook,
  readNotebook,
} from "../../../kernel/notebook/nbformat.js";
import { runNotebook } from "../../../kernel/notebook/run.js";
import { packageRoot } from "../../../src/support/package.js";
import { describeWith, python } from "../../support/needs.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-notebook-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function save(name: string, ...cells: [source: string, ...tags: string[]][]): string {
  const path = join(folder, name);
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } },
    cells: [
      { cell_type: "markdown", id: "text", metadata: {}, source: "# Text\nstays" },
      ...cells.map(([source, ...tags]) => codeCell(source, tags, 5)),
    ],
  };
  writeFileSync(path, formatNotebook(notebook));
  return path;
}

const codeOf = (path: string): Cell[] => readNotebook(path).cells.filter((cell) => cell.cell_type === "code");
const textOf = ({ outputs = [] }: Cell) =>
  outputs.map((output) =>
    output.output_type === "stream"
      ? output.text
      : "data" in output
        ? output.data["text/plain"]
        : output.ename,
  );

test("runs, injects parameters, keeps the source, saves after each cell", async () => {
  const path = save(
    "good.ipynb",
    ["let epochs = 3;", "parameters"],
    ["for (let i = 0; i < 3; i += 1) console.log(i);\nepochs"],
    ["const shown = display('one');\nshown.update('two');"],
    ["throw new TypeError('wanted')", "raises-exception"],
    ["never", "skip-execution"],
    [""],
  );
  const before = readFileSync(path, "utf8");
  const output = join(folder, "good-out.ipynb");
  const savedAfter: number[] = [];
  const result = await runNotebook(path, {
    output,
    parameters: new Map([["epochs", 5]]),
    onCell: () => {
      if (existsSync(output))
        savedAfter.push(codeOf(output).filter((c) => c.execution_count !== null).length);
    },
  });
  expect(result).toMatchObject({ output, cells: 6 });
  expect(readFileSync(path, "utf8")).toBe(before);
  const cells = codeOf(output);
  expect(cells.map(textOf)).toEqual([[], [], ["0\n1\n2\n", "5"], ["'two'"], ["TypeError"], [], []]);
  expect(cells.map((cell) => cell.execution_count)).toEqual([1, 2, 3, 4, 5, null, null]);
  expect(savedAfter).toEqual([1, 2, 3, 4, 5]);
  expect(readNotebook(output).metadata.kernelspec).toMatchObject({ name: "jessl" });
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  // Written as Jupyter would write it.
  expect(formatNotebook(parseNotebook(readFileSync(output, "utf8"), output))).toBe(
    readFileSync(output, "utf8"),
  );
});

test("a cell beyond its time is interrupted, whatever it does, and what ran is saved", async () => {
  const path = save("slow.ipynb", ["1 + 1"], ["console.log('before'); while (true) {}"], ["'never'"]);
  const result = await runNotebook(path, { timeout: 3 });
  expect(result.failed).toMatchObject({ number: 2, failure: { kind: "timeout", ename: "TimeoutError" } });
  expect(codeOf(path).map(textOf)).toEqual([["2"], ["before\n", "InterruptError"], []]);
});

test("the command: a failing cell is shown and ends with 1, wrong use with 2", async () => {
  const path = save("bad.ipynb", ["const a: number = 1;"], ["const b: number = 'text';\nb"], ["'never'"]);
  const cli = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      join(packageRoot, "dist/src/cli/main.js"),
      "notebook",
      "run",
      ...args,
    ]).then(
      ({ stderr, stdout }) => ({ code: 0, stderr, stdout }),
      (error: { code: number; stderr: string; stdout: string }) => error,
    );
  const failed = await cli(path);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/\[1\/3\] const a: number = 1; · [\d.]+ s\n\[2\/3\] .* · failed after/);
  expect(failed.stderr).toContain("cell 2");
  expect(failed.stderr).toContain("Type 'string' is not assignable to type 'number'");
  expect(failed.stderr).not.toContain("\u001b[");
  expect(codeOf(path).map(textOf)).toEqual([[], ["TypeScriptError"], []]);
  expect(await cli(path, "-p", "a")).toMatchObject({
    code: 2,
    stderr: /-p: expected a name and a value, got a/,
  });
  expect(await cli(path, "--timeout", "soon")).toMatchObject({ code: 2 });
  expect(await cli(join(folder, "none.ipynb"))).toMatchObject({
    code: 1,
    stderr: /none.ipynb: cannot be read/,
  });
});

test("the command: Ctrl-C interrupts the cell, saves what ran, and ends with 130", {
  timeout: 90_000,
}, async () => {
  const path = save("stopped.ipynb", ["1 + 1"], ["console.log('before'); while (true) {}"], ["'never'"]);
  const child = spawn(
    process.execPath,
    [join(packageRoot, "dist/src/cli/main.js"), "notebook", "run", path],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  const heard = new Promise<void>((resolve) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("[1/3]")) resolve();
    });
  });
  const exit = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
  await heard;
  // The second cell runs, or is about to.
  child.kill("SIGINT");
  expect(await exit).toBe(130);
  expect(said).toContain("Interrupting the cell and saving.");
  expect(said).toContain(`Interrupted; what ran is saved in ${path}`);
  const cells = codeOf(path);
  expect(textOf(cells[0]!)).toEqual(["2"]);
  expect(textOf(cells[1]!).at(-1)).toBe("InterruptError");
  expect(cells[2]).toMatchObject({ execution_count: null, outputs: [] });
});

test("files that are no notebook, or of another language", async () => {
  const other = save("python.ipynb", ["print(1)"]);
  writeFileSync(
    other,
    readFileSync(other, "utf8").replace('"language": "typescript"', '"language": "python"'),
  );
  await expect(runNotebook(other)).rejects.toThrow("expected one in TypeScript, got python");
  writeFileSync(join(folder, "text.ipynb"), "hello");
  await expect(runNotebook(join(folder, "text.ipynb"))).rejects.toThrow("expected JSON");
  writeFileSync(join(folder, "old.ipynb"), JSON.stringify({ nbformat: 3, worksheets: [] }));
  await expect(runNotebook(join(folder, "old.ipynb"))).rejects.toThrow("expected nbformat 4");
});

describeWith(["python:nbformat"], "nbformat of Jupyter", () => {
  test("accepts what is written, and writes the same text", async () => {
    const path = save("valid.ipynb", ["1"]);
    const notebook = readNotebook(path);
    notebook.cells[1]!.outputs = [
      { output_type: "stream", name: "stdout", text: "a\nb" },
      {
        output_type: "display_data",
        data: { "image/png": "AAAA\n", "image/svg+xml": "<svg>\n</svg>", "application/json": [1, "é"] },
        metadata: {},
      },
      { output_type: "execute_result", data: { "text/plain": "1" }, metadata: {}, execution_count: 1 },
      { output_type: "error", ename: "E", evalue: "e", traceback: ["t\nu"] },
    ];
    writeFileSync(path, formatNotebook(notebook));
    const script =
      "import nbformat, sys; n = nbformat.read(sys.argv[1], 4); nbformat.validate(n); nbformat.write(n, sys.argv[2])";
    const copy = join(folder, "copy.ipynb");
    await promisify(execFile)(python, ["-c", script, path, copy]);
    expect(readFileSync(path, "utf8")).toBe(readFileSync(copy, "utf8"));
  });
});
