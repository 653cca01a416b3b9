/**
 * The kernel's executable: `node main.js <connection-file>`. This thread evaluates the cells; it starts the protocol
 * thread, which owns the sockets, and once that is ready the language thread, which loads TypeScript.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import { rich } from "./evaluate/bundle.js";
import { Comms } from "./evaluate/comms.js";
import { Compiler } from "./evaluate/compiler.js";
import { CellContext, runInCell } from "./evaluate/context.js";
import { installGlobals } from "./evaluate/globals.js";
import { Grace } from "./evaluate/grace.js";
import { Imports } from "./evaluate/imports.js";
import { Evaluator } from "./evaluate/inspector.js";
import type { LanguageStart } from "./evaluate/language/worker.js";
import { Link } from "./evaluate/link.js";
import { Runner } from "./evaluate/runner.js";
import { showStrayErrors } from "./evaluate/stray.js";
import { Termination } from "./evaluate/termination.js";
import { CellTimers } from "./evaluate/timers.js";
import {
  type CommTask,
  type ProtocolStart,
  shared,
  sharedBytes,
  type ToEvaluation,
} from "./protocol/channel.js";
import { allocateRing } from "./protocol/ring.js";
import { endDescendants } from "./support/descendants.js";

const connectionFile = process.argv[2];
if (connectionFile === undefined) {
  process.stderr.write("usage: node main.js <connection-file>\n");
  process.exit(2);
}

const folder = process.cwd();
const ring = allocateRing();
const memory = new SharedArrayBuffer(sharedBytes);
const questions = new MessageChannel();
const cells = new MessageChannel();
const answers = new MessageChannel();

const protocol = new Worker(new URL("./protocol/worker.js", import.meta.url), {
  workerData: {
    connectionFile,
    ring,
    shared: memory,
    language: questions.port1,
    input: answers.port1,
  } satisfies ProtocolStart,
  transferList: [questions.port1, answers.port1],
});
protocol.on("error", (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exit(1);
});

const link = new Link(ring, (message) => protocol.postMessage(message));
const evaluator = new Evaluator();
const imports = new Imports(folder);
const comms = new Comms(link);
let begin: () => void = () => undefined;
const ready = new Promise<void>((resolve) => {
  begin = resolve;
}).then(() => rich.load());
const grace = new Grace(memory);
const compiler = new Compiler(cells.port1);
const runner = new Runner({ link, compiler, evaluator, grace, folder, ready });
installGlobals({ link, comms, imports, input: answers.port2, grace, memory, folder });
const timers = new CellTimers();
timers.install();
const termination = new Termination();
termination.install();

protocol.on("message", (message: ToEvaluation | { type: "ready" }) => {
  switch (message.type) {
    case "ready":
      return start();
    case "execute":
      return void termination.shielded(() => runner.take(message))();
    case "comm":
      return runInCell(new CellContext(message.parent, false, false), () => onComm(message));
    case "comm info":
      return link.send({
        type: "done",
        parent: message.parent,
        reply: { status: "ok", comms: comms.info(message.target) },
      });
    case "interrupt":
      return termination.shielded(() => onInterrupt(message.number));
    case "shutdown":
      return end();
  }
});

// What the user sees and what is large is loaded when the kernel has told that it is ready.
function start(): void {
  link.capture();
  showStrayErrors(link, runner.sources);
  const language = new Worker(new URL("./evaluate/language/worker.js", import.meta.url), {
    workerData: { folder, questions: questions.port2, cells: cells.port2 } satisfies LanguageStart,
    transferList: [questions.port2, cells.port2],
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  language.on("error", (error) => {
    link.print("stderr", `the language thread failed: ${error.stack ?? error.message}\n`);
    end(1);
  });
  begin();
}

/** The comm message at work: it is answered by the interrupt that ends it. */
let comm: number | undefined;

function onComm(message: CommTask): void {
  comm = message.parent;
  try {
    comms.receive(message);
  } catch (error) {
    link.print("stderr", `${runner.sources.describe(error).traceback.join("\n")}\n`);
  }
  endComm();
}

function endComm(): void {
  if (comm !== undefined) link.send({ type: "done", parent: comm, reply: { status: "ok" } });
  comm = undefined;
}

function onInterrupt(number: number): void {
  link.acknowledge(number);
  timers.stopBlocking();
  endComm();
  if (runner.busy) {
    runner.interrupt();
    return;
  }
  const stopped = timers.stopAll();
  if (stopped > 0) link.print("stderr", `interrupted: ${stopped} timer${stopped === 1 ? "" : "s"} stopped\n`);
}

function end(code = 0): void {
  evaluator.close();
  termination.close();
  process.exit(code);
}

// However the process ends: what was printed is sent, and the sockets are closed before their thread is torn down.
process.on("exit", () => {
  endDescendants();
  protocol.postMessage({ type: "close" });
  Atomics.wait(new Int32Array(memory), shared.closed, 0, 1000);
});

process.on("SIGINT", () => protocol.postMessage({ type: "sigint" }));
process.on("SIGTERM", () => end());
