/**
 * The language thread: TypeScript is large, and a check takes milliseconds, so it has a thread of its own. Completion
 * and inspection answer while a cell computes, an interrupt cannot hit the compiler, and the kernel is ready before
 * the compiler is loaded. It serves two ports: cells from the evaluation thread, questions from the protocol thread.
 */
import { type MessagePort, workerData } from "node:worker_threads";
import type { LanguageQuestion } from "../../protocol/channel.js";
import type { Asked } from "../../support/asker.js";
import { complete, inspect, isComplete } from "./assist.js";
import { type Compiled, compile, compileExpression } from "./compile.js";
import { NotebookLanguage } from "./service.js";
import { Tidy } from "./tidy.js";

/** What the thread is given. */
export interface LanguageStart {
  folder: string;
  questions: MessagePort;
  cells: MessagePort;
}

/** A cell or an expression to compile. */
export type CellQuestion = { type: "cell" | "expression" | "inspect"; code: string };

const { folder, questions, cells } = workerData as LanguageStart;
const language = new NotebookLanguage(folder);
const tidy = new Tidy();

cells.on("message", ({ number, question: { code, type } }: Asked<CellQuestion>) => {
  if (type === "inspect") {
    const question: LanguageQuestion = { type, code, cursor: code.length, detail: 0 };
    cells.postMessage({ number, answer: reply(question) });
    return rest();
  }
  let answer: Compiled;
  try {
    answer = type === "expression" ? compileExpression(language, code) : compile(language, code);
  } catch (error) {
    const message = `the TypeScript compiler failed: ${error instanceof Error ? error.message : String(error)}`;
    answer = { ok: false, faults: [{ code: 0, message, line: 1, column: 1, length: 1, syntax: false }] };
  }
  cells.postMessage({ number, answer });
  rest();
});

questions.on("message", ({ number, question }: Asked<LanguageQuestion>) => {
  questions.postMessage({ number, answer: reply(question) });
  rest();
});

function reply(question: LanguageQuestion): object {
  try {
    if (question.type === "complete") return complete(language, question.code, question.cursor);
    if (question.type === "inspect")
      return inspect(language, question.code, question.cursor, question.detail);
    return isComplete(question.code);
  } catch (error) {
    const { name, message } = error as Error;
    return { status: "error", ename: name, evalue: message, traceback: [`${name}: ${message}`] };
  }
}

// Warm up while the user reads, each step when nobody has asked for a while: the libraries are parsed and the checker's
// code is compiled by the first check, then completion, then what an import of this package brings.
const steps: readonly (() => void)[] = [
  () => check("const warm: number[] = [1]; console.log(warm.map(String), await Promise.resolve());"),
  () => void complete(language, "con", 3),
  () => check('import {} from "jessl";'),
];

function check(code: string): void {
  language.errors(language.open(code));
}

const quietMilliseconds = 250;
let next = 0;
let timer: NodeJS.Timeout | undefined;

function rest(): void {
  tidy.perhaps();
  clearTimeout(timer);
  if (next < steps.length) timer = setTimeout(warm, quietMilliseconds);
}

function warm(): void {
  steps[next]!();
  next += 1;
  rest();
}

warm();
