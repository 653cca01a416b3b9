/**
 * Runs the cells: takes off the magics, has the rest compiled, evaluates it, and publishes the result or the error.
 * It never throws: whatever happens, the protocol thread gets one reply per cell.
 */
import type { ExecuteTask, Reply } from "../protocol/channel.js";
import { bundle, type MimeBundle } from "./bundle.js";
import type { Compiler } from "./compiler.js";
import { CellContext, InterruptError, runInCell } from "./context.js";
import { DisplayHandle } from "./display.js";
import type { Grace } from "./grace.js";
import type { Evaluator } from "./inspector.js";
import { toJson } from "./json.js";
import type { Link } from "./link.js";
import { parseMagics } from "./magics/parse.js";
import { runCellMagic, runLineMagic } from "./magics/run.js";
import { describeFaults, type ErrorContent, Rejected, Sources } from "./traceback.js";

/** Milliseconds that a cell took to be checked and compiled, and to run. */
export type Timing = { compile: number; evaluate: number };

/** What a runner works with; no cell starts before `ready`. */
export interface RunnerParts {
  link: Link;
  compiler: Compiler;
  evaluator: Evaluator;
  grace: Grace;
  folder: string;
  ready: Promise<void>;
}

/** How long a cell that an interrupt freed may take to answer, in milliseconds. */
const patience = 1000;

/** Runs cells, one at a time. */
export class Runner {
  readonly sources = new Sources();
  private readonly link: Link;
  private readonly compiler: Compiler;
  private readonly evaluator: Evaluator;
  private readonly grace: Grace;
  private readonly folder: string;
  private readonly ready: Promise<void>;
  private scripts = 0;
  private cell: CellContext | undefined;
  private timing: Timing | undefined;
  /** Answers for the cell at work, as interrupted. */
  private abandon: () => void = () => undefined;

  constructor({ link, compiler, evaluator, grace, folder, ready }: RunnerParts) {
    this.link = link;
    this.compiler = compiler;
    this.evaluator = evaluator;
    this.grace = grace;
    this.folder = folder;
    this.ready = ready;
  }

  /** Whether a cell is at work. */
  get busy(): boolean {
    return this.cell !== undefined;
  }

  /**
   * Interrupts the cell at work. Where V8 terminates a cell it drops the microtasks that are queued, and with them at
   * times those that would answer: what has not answered soon after it was freed is answered for here.
   */
  interrupt(): void {
    const { cell, abandon } = this;
    if (cell === undefined) return;
    const grace = this.grace.milliseconds;
    cell.interrupt(grace);
    setTimeout(() => this.cell === cell && abandon(), patience + (cell.cancelled ? 0 : grace));
  }

  /** Takes a cell as the one at work; the function that it gives runs it and sends the reply. */
  take(task: ExecuteTask): () => Promise<void> {
    const cell = new CellContext(task.parent, task.allowStdin, task.silent);
    this.cell = cell;
    this.grace.begin(cell);
    this.timing = undefined;
    const finish = (reply: Reply): void => {
      if (this.cell !== cell) return;
      const { timing } = this;
      this.cell = undefined;
      this.grace.begin(undefined);
      runInCell(cell, () => this.link.send({ type: "done", parent: task.parent, reply, timing }));
    };
    this.abandon = () => finish(runInCell(cell, () => this.failed(new InterruptError(), task, [])));
    return async () => finish(await runInCell(cell, () => this.run(task, cell)));
  }

  /** Publishes the error that ended a cell, and gives the reply. */
  private failed(error: unknown, { silent }: ExecuteTask, payload: object[]): Reply & { status: "error" } {
    const content = this.describe(error);
    if (!silent) this.link.publish("error", content);
    return { status: "error", ...content, payload, user_expressions: {} };
  }

  private async run(task: ExecuteTask, cell: CellContext): Promise<Reply & { status: "ok" | "error" }> {
    const payload: object[] = [];
    try {
      const result = await this.body(task, cell, payload);
      await cell.settle();
      if (result !== undefined && !task.silent) {
        const content = { execution_count: task.count, data: result, metadata: {} };
        this.link.publish("execute_result", content);
      }
      const expressions = await this.expressions(task.userExpressions, cell);
      return { status: "ok", payload, user_expressions: expressions };
    } catch (error) {
      return this.failed(error, task, payload);
    }
  }

  private describe(error: unknown): ErrorContent {
    return this.sources.describe(error);
  }

  private async body(
    task: ExecuteTask,
    cell: CellContext,
    payload: object[],
  ): Promise<MimeBundle | undefined> {
    const { cell: wrappers, lines, body } = parseMagics(task.code);
    const around = {
      link: this.link,
      folder: this.folder,
      cell,
      inspect: (name: string) => this.compiler.inspect(name),
      page: (data: { [type: string]: unknown }) => payload.push({ source: "page", data, start: 0 }),
    };
    for (const magic of lines) await runLineMagic(magic, around);
    const foreign = wrappers.find(({ name }) => name !== "%%time");
    const begin = performance.now();
    try {
      if (foreign !== undefined) {
        await runCellMagic(foreign, body.trimStart(), around);
        return undefined;
      }
      return body.trim() === "" ? undefined : await this.evaluate(body, cell, task.code);
    } finally {
      if (wrappers.some(({ name }) => name === "%%time"))
        this.link.print("stdout", `time: ${duration(performance.now() - begin)}\n`);
    }
  }

  private async evaluate(
    code: string,
    cell: CellContext,
    text = code,
    expression = false,
  ): Promise<MimeBundle | undefined> {
    const begin = performance.now();
    const compiled = await cell.guard(this.compiler.compile(code, expression));
    const middle = performance.now();
    await this.ready;
    if (!compiled.ok) throw new Rejected(describeFaults(code, compiled.faults));
    const { js, map, result } = compiled.program;
    this.scripts += 1;
    const name = `cell-${this.scripts}.ts`;
    this.sources.add(name, code, map);
    const outcome = await cell.guard(this.evaluator.run(js, name, withText(map, text)));
    this.timing = { compile: middle - begin, evaluate: performance.now() - middle };
    if ("error" in outcome) throw outcome.error;
    if (cell.signal.aborted) throw new InterruptError();
    // What `display` returns has been shown already.
    const shown = outcome.value === undefined || outcome.value instanceof DisplayHandle;
    return result && !shown ? await cell.guard(bundle(outcome.value)) : undefined;
  }

  private async expressions(wanted: { [name: string]: string }, cell: CellContext): Promise<object> {
    const found: { [name: string]: object } = {};
    for (const [name, code] of Object.entries(wanted)) {
      try {
        const data = (await this.evaluate(code, cell, code, true)) ?? { "text/plain": "undefined" };
        found[name] = { status: "ok", data: JSON.parse(toJson(data)) as object, metadata: {} };
      } catch (error) {
        found[name] = { status: "error", ...this.describe(error) };
      }
    }
    return found;
  }
}

// A debugger knows a cell by its whole text, magics included.
function withText(map: string, text: string): string {
  return JSON.stringify({ ...(JSON.parse(map) as object), sourcesContent: [text] });
}

function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
