/**
 * The protocol thread's server: it owns the five sockets and answers at once what needs no running code (kernel
 * information, history, completion, control), while cells and comms wait in one queue for the evaluation thread. So
 * a busy cell delays nothing but the next cell.
 */
import type { MessagePort } from "node:worker_threads";
import { Reply as Echo, Publisher, Router } from "zeromq";
import { endDescendants } from "../support/descendants.js";
import type {
  CommTask,
  ExecuteTask,
  InputAnswer,
  LanguageQuestion,
  ProtocolStart,
  Reply,
} from "./channel.js";
import { shared, type ToEvaluation, type ToProtocol } from "./channel.js";
import { address, type Connection } from "./connection.js";
import { DebugAdapter } from "./debug/adapter.js";
import { History, historyPath } from "./history.js";
import { kernelInfo } from "./info.js";
import { Interrupter } from "./interrupt.js";
import { Outbox } from "./outbox.js";
import { RingReader } from "./ring.js";
import { type Json, type Message, Wire } from "./wire.js";

type Request = { message: Message; socket: "shell" | "control" };
type PublishEvent = Exclude<ToProtocol, { type: "wake" } | { type: "interrupt seen" }>;

type Outcome = Pick<Extract<ToProtocol, { type: "done" }>, "reply" | "timing">;

const batchMilliseconds = 25;
const batchBytes = 1 << 16;
const keptParents = 4096;

/** Serves one kernel until it is shut down. */
export class Server {
  private readonly wire: Wire;
  private readonly shell = new Router({ linger: 500 });
  private readonly control = new Router({ linger: 500 });
  private readonly stdin = new Router({ linger: 500 });
  private readonly iopub = new Publisher({ linger: 500, sendHighWaterMark: 10_000 });
  private readonly heartbeat = new Echo({ linger: 0 });
  private readonly out: { [name in "shell" | "control" | "stdin" | "iopub"]: Outbox };
  private readonly ring: RingReader;
  private readonly history = new History(historyPath());
  private readonly interrupter: Interrupter;
  private readonly answers: Int32Array;
  private readonly language: MessagePort;
  private readonly input: MessagePort;
  private readonly evaluation: (message: ToEvaluation) => void;

  private readonly debugger = new DebugAdapter((event) => this.publish(this.running, "debug_event", event));

  private parents = new Map<number, Message>();
  private lastParent = 0;
  private queue: Request[] = [];
  private running: Message | undefined;
  private pumping = false;
  private executionCount = 0;
  private waiting = new Map<number, (outcome: Outcome) => void>();
  private questions = new Map<number, (answer: Json) => void>();
  private asked = 0;
  private events: PublishEvent[] = [];
  private arrived: () => void = () => undefined;
  private closing = false;
  /** Messages that were dropped, by reason. */
  readonly dropped: { [reason: string]: number } = {};

  constructor(connection: Connection, start: ProtocolStart, evaluation: (message: ToEvaluation) => void) {
    this.wire = new Wire(connection.key);
    this.evaluation = evaluation;
    this.ring = new RingReader(start.ring);
    this.answers = new Int32Array(start.shared);
    this.interrupter = new Interrupter(evaluation, start.shared);
    this.language = start.language;
    this.input = start.input;
    this.out = {
      shell: new Outbox(this.shell),
      control: new Outbox(this.control),
      stdin: new Outbox(this.stdin),
      iopub: new Outbox(this.iopub),
    };
    this.language.on("message", ({ number, answer }: { number: number; answer: Json }) => {
      this.questions.get(number)?.(answer);
      this.questions.delete(number);
    });
  }

  /** Binds the sockets and begins to serve. */
  async listen(connection: Connection): Promise<void> {
    await Promise.all([
      this.heartbeat.bind(address(connection, "hb")),
      this.shell.bind(address(connection, "shell")),
      this.control.bind(address(connection, "control")),
      this.stdin.bind(address(connection, "stdin")),
      this.iopub.bind(address(connection, "iopub")),
    ]);
    void this.echo();
    void this.receive(this.shell, (message) => this.onRequest({ message, socket: "shell" }));
    void this.receive(this.control, (message) => this.onRequest({ message, socket: "control" }));
    void this.receive(this.stdin, (message) => this.onInput(message));
    void this.relay();
    const starting = this.blank();
    this.publish(starting, "status", { execution_state: "starting" });
  }

  /** Takes a message of the evaluation thread. */
  onEvaluation(message: ToProtocol): void {
    if (message.type === "interrupt seen") {
      this.interrupter.acknowledge(message.number);
      return;
    }
    if (message.type !== "wake") this.events.push(message);
    this.arrived();
  }

  /** Tells the front ends that the kernel ends, and closes. */
  async close(): Promise<void> {
    if (this.closing) return;
    await this.drain(this.ring.end);
    this.closing = true;
    this.ring.close();
    this.interrupter.close();
    this.debugger.close();
    await Promise.race([
      Promise.all(Object.values(this.out).map((outbox) => outbox.flushed())),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ]);
    for (const socket of [this.shell, this.control, this.stdin, this.iopub, this.heartbeat]) socket.close();
    Atomics.store(this.answers, shared.closed, 1);
    Atomics.notify(this.answers, shared.closed);
  }

  // ---- sockets

  private async echo(): Promise<void> {
    try {
      for await (const frames of this.heartbeat) await this.heartbeat.send(frames);
    } catch {
      // Closed.
    }
  }

  private async receive(socket: Router, handle: (message: Message) => void): Promise<void> {
    for (;;) {
      let frames: Uint8Array[];
      try {
        frames = await socket.receive();
      } catch {
        return;
      }
      const message = this.wire.decode(frames);
      if (typeof message === "string") this.dropped[message] = (this.dropped[message] ?? 0) + 1;
      else handle(message);
    }
  }

  private blank(): Message {
    const header = this.wire.header("");
    return { identities: [], header, parent: {}, metadata: {}, content: {}, buffers: [] };
  }

  private publish(
    parent: Message | undefined,
    kind: string,
    content: Json,
    metadata: Json = {},
    buffers: Uint8Array[] = [],
  ): void {
    const header = this.wire.header(kind);
    const known = parent !== undefined && parent.header.msg_type !== "" ? parent.header : {};
    const identities = [Buffer.from(kind === "stream" ? `stream.${String(content.name)}` : kind)];
    this.out.iopub.post(this.wire.encode({ identities, header, parent: known, metadata, content, buffers }));
  }

  private reply(request: Request, content: Json, metadata: Json = {}): void {
    const { message, socket } = request;
    const kind = message.header.msg_type.replace(/_request$/, "_reply");
    const header = this.wire.header(kind);
    const { identities } = message;
    this.out[socket].post(
      this.wire.encode({ identities, header, parent: message.header, metadata, content, buffers: [] }),
    );
  }

  // ---- requests

  private onRequest(request: Request): void {
    const kind = request.message.header.msg_type;
    if (
      request.socket === "shell" &&
      /^(execute_request|comm_open|comm_msg|comm_close|comm_info_request)$/.test(kind)
    ) {
      this.queue.push(request);
      if (!this.pumping) void this.pump();
      return;
    }
    const answer = this.immediate(request);
    if (answer === undefined) this.dropped["unknown type"] = (this.dropped["unknown type"] ?? 0) + 1;
    else void this.answer(request, answer);
  }

  private async answer(request: Request, answer: Json | Promise<Json>): Promise<void> {
    const { message } = request;
    this.publish(message, "status", { execution_state: "busy" });
    let content: Json;
    try {
      content = await answer;
    } catch (error) {
      content = failure(error);
    }
    this.reply(request, content);
    this.publish(message, "status", { execution_state: "idle" });
    // A front end shows the last state it heard, whatever it belongs to: a cell that still runs is busy.
    if (this.running !== undefined) this.publish(this.running, "status", { execution_state: "busy" });
    if (message.header.msg_type === "shutdown_request") this.shutdown();
  }

  /** The answer to a request that needs no evaluation; undefined for a type that is not known. */
  private immediate(request: Request): Json | Promise<Json> | undefined {
    const { content, header } = request.message;
    try {
      switch (header.msg_type) {
        case "kernel_info_request":
          return kernelInfo();
        case "connect_request":
          return { status: "ok" };
        case "interrupt_request":
          this.interrupt();
          return { status: "ok" };
        case "shutdown_request": {
          const restart = content.restart === true;
          this.publish(request.message, "shutdown_reply", { status: "ok", restart });
          return { status: "ok", restart };
        }
        case "debug_request":
          return request.socket === "control" ? this.debugger.request(content) : undefined;
        case "history_request":
          return this.onHistory(content);
        case "complete_request":
          return this.ask({ type: "complete", ...cursorOf(content) });
        case "inspect_request":
          return this.ask({
            type: "inspect",
            ...cursorOf(content),
            detail: content.detail_level === 1 ? 1 : 0,
          });
        case "is_complete_request":
          return this.ask({ type: "is complete", code: text(content, "code") });
        default:
          return undefined;
      }
    } catch (error) {
      return failure(error);
    }
  }

  private onHistory(content: Json): Json {
    const integer = (name: string) =>
      Number.isInteger(content[name]) ? (content[name] as number) : undefined;
    const kind = content.hist_access_type;
    const entries =
      kind === "range"
        ? this.history.range(integer("session") ?? 0, integer("start") ?? 0, integer("stop"))
        : kind === "search"
          ? this.history.search(String(content.pattern ?? "*"), integer("n"), content.unique === true)
          : this.history.tail(integer("n") ?? 100);
    const output = content.output === true;
    return {
      status: "ok",
      history: entries.map(([session, line, input]) => [session, line, output ? [input, null] : input]),
    };
  }

  private ask(question: LanguageQuestion): Promise<Json> {
    this.asked += 1;
    const number = this.asked;
    this.language.postMessage({ number, question });
    return new Promise((resolve) => this.questions.set(number, resolve));
  }

  /** Interrupts the running cell, also while it waits for input. */
  interrupt(): void {
    this.debugger.resume();
    this.answerInput({ interrupted: true });
    this.interrupter.request();
  }

  /** Ends the process: the evaluation thread does it, and if it cannot, this one. */
  shutdown(): void {
    this.evaluation({ type: "shutdown" });
    this.interrupt();
    setTimeout(() => {
      endDescendants();
      process.kill(process.pid, "SIGKILL");
    }, 2500);
  }

  // ---- the queue of cells and comms

  private async pump(): Promise<void> {
    this.pumping = true;
    for (let request = this.queue.shift(); request !== undefined; request = this.queue.shift()) {
      this.running = request.message;
      this.publish(request.message, "status", { execution_state: "busy" });
      try {
        await this.process(request);
      } catch (error) {
        this.reply(request, failure(error));
      }
      this.running = undefined;
      this.publish(request.message, "status", { execution_state: "idle" });
    }
    this.pumping = false;
  }

  private async process(request: Request): Promise<void> {
    const { message } = request;
    const parent = this.remember(message);
    const kind = message.header.msg_type;
    if (kind === "execute_request") return this.execute(request, parent);
    if (kind === "comm_info_request") {
      const target =
        typeof message.content.target_name === "string" ? message.content.target_name : undefined;
      const { reply } = await this.evaluate(parent, { type: "comm info", parent, target });
      this.reply(request, reply);
      return;
    }
    const { content, metadata, buffers } = message;
    await this.evaluate(parent, {
      type: "comm",
      parent,
      kind: kind as CommTask["kind"],
      content,
      metadata,
      buffers: buffers.map((buffer) => new Uint8Array(buffer)),
    });
  }

  private async execute(request: Request, parent: number): Promise<void> {
    const { content } = request.message;
    const code = text(content, "code");
    const silent = content.silent === true;
    const stored = !silent && content.store_history !== false;
    if (stored) {
      this.executionCount += 1;
      this.history.append(this.executionCount, code);
    }
    const count = this.executionCount;
    if (!silent) this.publish(request.message, "execute_input", { code, execution_count: count });
    const started = new Date().toISOString();
    const task: ExecuteTask = {
      type: "execute",
      parent,
      code,
      count,
      silent,
      allowStdin: content.allow_stdin !== false,
      userExpressions: strings(content.user_expressions),
    };
    const { reply, timing } = await this.evaluate(parent, task);
    // What the client sent before it could know of the error is still in the socket: let it arrive, then abort it.
    const abort = reply.status === "error" && content.stop_on_error !== false;
    if (abort) await turns(3);
    const aborted = abort
      ? this.queue.filter(({ message }) => message.header.msg_type === "execute_request")
      : [];
    if (abort) this.queue = this.queue.filter((waiting) => !aborted.includes(waiting));
    this.reply(request, { ...reply, execution_count: count }, { started, ...(timing && { timing }) });
    for (const waiting of aborted) {
      this.publish(waiting.message, "status", { execution_state: "busy" });
      this.reply(waiting, { status: "aborted", execution_count: this.executionCount });
      this.publish(waiting.message, "status", { execution_state: "idle" });
    }
  }

  private evaluate(parent: number, task: ToEvaluation): Promise<Outcome> {
    this.evaluation(task);
    return new Promise((resolve) => this.waiting.set(parent, resolve));
  }

  private remember(message: Message): number {
    this.lastParent += 1;
    // The content is not kept: only the header and the way back are needed later.
    this.parents.set(this.lastParent, { ...message, content: {}, buffers: [] });
    this.parents.delete(this.lastParent - keptParents);
    return this.lastParent;
  }

  // ---- what the evaluation thread publishes

  private async relay(): Promise<void> {
    while (!this.closing) {
      const event = this.events.shift();
      if (event !== undefined) {
        await this.drain(event.at);
        await this.out.iopub.room(64);
        this.onEvent(event);
        continue;
      }
      const arrival = new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
      if (this.ring.sleep()) {
        await arrival;
        if (this.events.length > 0) continue;
      }
      await Promise.race([arrival, new Promise((resolve) => setTimeout(resolve, batchMilliseconds))]);
      if (this.events.length === 0) await this.drain(this.ring.end, true);
    }
  }

  // With `stop`, not beyond the place of a message that has been posted but has not arrived.
  private async drain(position: number, stop = false): Promise<void> {
    while (!this.ring.isReadTo(position)) {
      const printed = this.ring.take(position, batchBytes, stop);
      if (printed === undefined) return;
      const { parent, stream, text } = printed;
      this.publish(this.parents.get(parent), "stream", { name: stream, text });
      await this.out.iopub.room();
    }
  }

  private onEvent(event: PublishEvent): void {
    const parent = this.parents.get(event.parent);
    if (event.type === "publish") {
      this.publish(parent, event.kind, event.content, event.metadata, event.buffers);
    } else if (event.type === "done") {
      this.waiting.get(event.parent)?.(event);
      this.waiting.delete(event.parent);
    } else if (parent !== undefined) {
      const header = this.wire.header("input_request");
      const content = { prompt: event.prompt, password: event.password };
      const { identities } = parent;
      this.inputOpen = true;
      this.out.stdin.post(
        this.wire.encode({ identities, header, parent: parent.header, metadata: {}, content, buffers: [] }),
      );
    }
  }

  private inputOpen = false;

  private onInput(message: Message): void {
    if (message.header.msg_type !== "input_reply") return;
    this.answerInput({ value: String(message.content.value ?? "") });
  }

  private answerInput(answer: InputAnswer): void {
    if (!this.inputOpen) return;
    this.inputOpen = false;
    this.input.postMessage(answer);
    Atomics.add(this.answers, shared.answers, 1);
    Atomics.notify(this.answers, shared.answers);
  }
}

function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number) => (left === 0 ? resolve() : setTimeout(next, 1, left - 1));
    next(count);
  });
}

function text(content: Json, name: string): string {
  const value = content[name];
  if (typeof value !== "string") throw new TypeError(`${name}: expected a string, got ${typeof value}`);
  return value;
}

function cursorOf(content: Json): { code: string; cursor: number } {
  const code = text(content, "code");
  const position = Number.isInteger(content.cursor_pos) ? (content.cursor_pos as number) : code.length;
  return { code, cursor: fromCodePoints(code, position) };
}

/** Jupyter counts a cursor in Unicode code points, JavaScript in UTF-16 units. */
export function fromCodePoints(code: string, position: number): number {
  let units = 0;
  for (let left = position; left > 0 && units < code.length; left -= 1)
    units += (code.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

function strings(value: unknown): { [name: string]: string } {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, code]) => typeof code === "string"));
}

function failure(error: unknown): Reply {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { status: "error", ename: name, evalue: message, traceback: [`${name}: ${message}`] };
}
