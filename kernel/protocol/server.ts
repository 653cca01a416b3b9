/**
 * The protocol thread's server. It answers at once what needs no running code (kernel information, history, completion,
 * control), while cells and comms wait in one queue for the evaluation thread. So a busy cell delays nothing but the
 * next cell.
 */
import type { MessagePort } from "node:worker_threads";
import { Asker } from "../support/asker.js";
import { endDescendants } from "../support/descendants.js";
import {
  type InputAnswer,
  type LanguageQuestion,
  type ProtocolStart,
  shared,
  type ToEvaluation,
  type ToProtocol,
} from "./channel.js";
import type { Connection } from "./connection.js";
import { cursorOf, failure, text } from "./content.js";
import { DebugAdapter } from "./debug/adapter.js";
import { History, historyPath } from "./history.js";
import { kernelInfo } from "./info.js";
import { Interrupter } from "./interrupt.js";
import { Queue } from "./queue.js";
import { Relay } from "./relay.js";
import { type Request, Sockets } from "./sockets.js";
import type { Json, Message } from "./wire.js";

/** Serves one kernel until it is shut down. */
export class Server {
  private readonly sockets: Sockets;
  private readonly relay: Relay;
  private readonly queue: Queue;
  private readonly questions: Asker<LanguageQuestion>;
  private readonly history = new History(historyPath());
  private readonly interrupter: Interrupter;
  private readonly debugger: DebugAdapter;
  private readonly shared: Int32Array;
  private readonly input: MessagePort;
  private readonly evaluation: (message: ToEvaluation) => void;
  private inputOpen = false;
  private closing = false;

  constructor(connection: Connection, start: ProtocolStart, evaluation: (message: ToEvaluation) => void) {
    const { history } = this;
    this.evaluation = evaluation;
    this.shared = new Int32Array(start.shared);
    this.input = start.input;
    this.sockets = new Sockets(connection.key);
    this.relay = new Relay(this.sockets, start.ring, (parent, { prompt, password }) => {
      this.inputOpen = true;
      this.sockets.ask(parent, { prompt, password });
    });
    this.queue = new Queue({ sockets: this.sockets, relay: this.relay, history, evaluation });
    this.questions = new Asker(start.language);
    this.interrupter = new Interrupter(evaluation, start.shared);
    this.debugger = new DebugAdapter((event) =>
      this.sockets.publish(this.queue.running, "debug_event", event),
    );
  }

  /** Binds the sockets and begins to serve. */
  async listen(connection: Connection): Promise<void> {
    await this.sockets.listen(connection, {
      request: (request) => this.onRequest(request),
      input: (message) => this.onInput(message),
    });
    void this.relay.run();
    this.sockets.status(undefined, "starting");
  }

  /** Takes a message of the evaluation thread. */
  onEvaluation(message: ToProtocol): void {
    if (message.type === "interrupt seen") this.interrupter.acknowledge(message.number);
    else this.relay.take(message);
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

  /** Sends what there is to send, and closes. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.relay.close();
    this.interrupter.close();
    this.debugger.close();
    await this.sockets.close();
    Atomics.store(this.shared, shared.closed, 1);
    Atomics.notify(this.shared, shared.closed);
  }

  private onRequest(request: Request): void {
    if (this.queue.take(request)) return;
    const answer = this.immediate(request);
    if (answer !== undefined) void this.answer(request, answer);
  }

  private async answer(request: Request, answer: Json | Promise<Json>): Promise<void> {
    const { message } = request;
    this.sockets.status(message, "busy");
    let content: Json;
    try {
      content = await answer;
    } catch (error) {
      content = failure(error);
    }
    try {
      this.sockets.reply(request, content);
    } catch (error) {
      // What cannot be written as JSON, such as a part of the request that is nested too deep.
      this.sockets.reply(request, failure(error));
    }
    this.sockets.status(message, "idle");
    // A front end shows the last state it heard, whatever it belongs to: a cell that still runs is busy.
    if (this.queue.running !== undefined) this.sockets.status(this.queue.running, "busy");
    if (message.header.msg_type === "shutdown_request") this.shutdown();
  }

  /** The answer to a request that needs no evaluation; undefined for a type that is not known. */
  private immediate({ message, socket }: Request): Json | Promise<Json> | undefined {
    const { content, header } = message;
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
          this.sockets.publish(message, "shutdown_reply", { status: "ok", restart });
          return { status: "ok", restart };
        }
        case "debug_request":
          return socket === "control" ? this.debugger.request(content) : undefined;
        case "history_request":
          return this.history.reply(content);
        case "complete_request":
          return this.questions.ask({ type: "complete", ...cursorOf(content) });
        case "inspect_request": {
          const detail = content.detail_level === 1 ? 1 : 0;
          return this.questions.ask({ type: "inspect", ...cursorOf(content), detail });
        }
        case "is_complete_request":
          return this.questions.ask({ type: "is complete", code: text(content, "code") });
        default:
          return undefined;
      }
    } catch (error) {
      return failure(error);
    }
  }

  private onInput(message: Message): void {
    if (message.header.msg_type !== "input_reply") return;
    this.answerInput({ value: String(message.content.value ?? "") });
  }

  private answerInput(answer: InputAnswer): void {
    if (!this.inputOpen) return;
    this.inputOpen = false;
    this.input.postMessage(answer);
    Atomics.add(this.shared, shared.answers, 1);
    Atomics.notify(this.shared, shared.answers);
  }
}
