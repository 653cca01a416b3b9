/**
 * Executes a notebook over the real kernel: cell by cell, outputs as a front end would save them, the file written
 * after each cell, so that a run that ends early leaves all it had. A failing cell ends the run, unless its tag
 * `raises-exception` or the option says otherwise; a cell tagged `skip-execution` is left out.
 */
import { dirname, resolve } from "node:path";
import { DataError } from "../../src/support/errors.js";
import { KernelClient } from "../client/client.js";
import type { Json } from "../protocol/wire.js";
import { type Cell, type Notebook, readNotebook, tagsOf, writeNotebook } from "./nbformat.js";
import { type Displays, OutputCollector } from "./outputs.js";
import { type Parameters, withParameters } from "./parameters.js";

export interface NotebookRunOptions {
  /** Where the executed notebook goes; by default into the file itself. */
  readonly output?: string;
  readonly parameters?: Parameters;
  /** Seconds that a cell may take; no limit by default. */
  readonly timeout?: number;
  /** Go on after a cell that fails. */
  readonly allowErrors?: boolean;
  /** The folder that the kernel works in; by default the notebook's. */
  readonly folder?: string;
  /** Interrupts the running cell, saves and ends. */
  readonly signal?: AbortSignal;
  readonly onWarning?: (text: string) => void;
  /** Called before each code cell; `number` counts from 1. */
  readonly onCell?: (cell: Cell, number: number, total: number) => void;
  /** Called after each code cell. */
  readonly onCellDone?: (cell: Cell, seconds: number, failure: Failure | undefined) => void;
}

/** Why a cell failed. */
export interface Failure {
  readonly kind: "error" | "timeout" | "interrupted" | "kernel died";
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

export interface NotebookRunResult {
  readonly output: string;
  /** Code cells that ran. */
  readonly cells: number;
  readonly seconds: number;
  /** The cell that ended the run. */
  readonly failed?: { readonly number: number; readonly cell: Cell; readonly failure: Failure };
}

/**
 * Runs a notebook.
 * @throws DataError when the file is no notebook, or one of another language; KernelError when the kernel does not start
 */
export async function runNotebook(
  path: string,
  options: NotebookRunOptions = {},
): Promise<NotebookRunResult> {
  const began = performance.now();
  const read = readNotebook(path);
  checkLanguage(read, path);
  const { notebook, warnings } = withParameters(read, options.parameters ?? new Map());
  for (const warning of warnings) options.onWarning?.(warning);
  const output = options.output ?? path;
  const save = () => writeNotebook(output, notebook);
  describeKernel(notebook);
  const code = notebook.cells.filter(
    (cell) => cell.cell_type === "code" && !tagsOf(cell).includes("skip-execution"),
  );
  for (const cell of code) Object.assign(cell, { outputs: [], execution_count: null });
  const kernel = await KernelClient.start({ folder: options.folder ?? dirname(resolve(path)) });
  const finished = (cells: number) => ({ output, cells, seconds: (performance.now() - began) / 1000 });
  try {
    const displays: Displays = new Map();
    // The first cell ever checked loads TypeScript's libraries: that is not the notebook's time.
    await kernel.execute("undefined", undefined, { silent: true, store_history: false });
    for (const [i, cell] of code.entries()) {
      options.onCell?.(cell, i + 1, code.length);
      const start = performance.now();
      const failure = await runCell(kernel, cell, displays, options);
      save();
      const fatal =
        failure !== undefined &&
        (failure.kind !== "error" ||
          !(options.allowErrors === true || tagsOf(cell).includes("raises-exception")));
      options.onCellDone?.(cell, (performance.now() - start) / 1000, fatal ? failure : undefined);
      if (fatal) return { ...finished(i + 1), failed: { number: i + 1, cell, failure } };
    }
    save();
    return finished(code.length);
  } finally {
    await kernel.stop();
  }
}

async function runCell(
  kernel: KernelClient,
  cell: Cell,
  displays: Displays,
  { timeout, signal }: NotebookRunOptions,
): Promise<Failure | undefined> {
  const collector = new OutputCollector(displays);
  cell.outputs = collector.outputs;
  if (cell.source.trim() === "") return undefined;
  let cause: "timeout" | "interrupted" | undefined;
  let force: NodeJS.Timeout | undefined;
  const stop = (why: "timeout" | "interrupted") => {
    cause ??= why;
    void kernel.interrupt().catch(() => undefined);
    // A cell that does not heed an interrupt ends with the kernel.
    force ??= setTimeout(() => void kernel.stop(), 10_000);
  };
  const limit = timeout === undefined ? undefined : setTimeout(() => stop("timeout"), timeout * 1000);
  const onAbort = () => stop("interrupted");
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  try {
    const reply = await kernel.execute(cell.source, (message) => void collector.take(message));
    cell.execution_count = (reply.execution_count as number | undefined) ?? null;
    if (cause !== undefined) return explain(cause, timeout);
    return reply.status === "ok" ? undefined : errorOf(reply);
  } catch (error) {
    return cause === undefined
      ? { ...explain("kernel died"), evalue: (error as Error).message }
      : explain(cause, timeout);
  } finally {
    clearTimeout(limit);
    clearTimeout(force);
    signal?.removeEventListener("abort", onAbort);
  }
}

function errorOf({ ename, evalue, traceback }: Json): Failure {
  return {
    kind: "error",
    ename: String(ename),
    evalue: String(evalue),
    traceback: Array.isArray(traceback) ? traceback.map(String) : [],
  };
}

function explain(kind: Exclude<Failure["kind"], "error">, timeout?: number): Failure {
  const evalue = kind === "timeout" ? `expected the cell to end within ${timeout} s` : kind;
  return { kind, ename: kind === "timeout" ? "TimeoutError" : "KernelError", evalue, traceback: [] };
}

/** tslab's notebooks are TypeScript and JavaScript, too. */
function checkLanguage({ metadata }: Notebook, path: string): void {
  const { kernelspec, language_info: info } = metadata as {
    kernelspec?: { language?: string };
    language_info?: { name?: string };
  };
  const language = info?.name ?? kernelspec?.language ?? "typescript";
  if (!/^(typescript|javascript|ts|js)$/i.test(language))
    throw new DataError(`notebook ${path}: expected one in TypeScript, got ${language}`);
}

function describeKernel(notebook: Notebook): void {
  notebook.metadata = {
    ...notebook.metadata,
    kernelspec: { display_name: "TypeScript (jessl)", language: "typescript", name: "jessl" },
    language_info: {
      name: "typescript",
      mimetype: "text/typescript",
      file_extension: ".ts",
      ...(notebook.metadata.language_info as object | undefined),
    },
  };
}
