/**
 * The queue of what needs the evaluation thread: cells and comms, one at a time in the order of their arrival. A cell
 * that fails aborts the cells behind it, unless it was sent with `stop_on_error: false`.
 */
import type { CommTask, ExecuteTask, ToEvaluation } from "./channel.js";
import { failure, strings, text } from "./content.js";
import type { History } from "./history.js";
import type { Outcome, Relay } from "./relay.js";
import type { Request, Sockets } from "./sockets.js";
import type { Message } from "./wire.js";

const queued = /^(execute_request|comm_open|comm_msg|comm_close|comm_info_request)$/;

/** What the queue works with. */
export interface QueueParts {
  sockets: Sockets;
  relay: Relay;
  history: History;
  evaluation: (message: ToEvaluation) => void;
}

/** Hands requests to the evaluation thread and answers them. */
export class Queue {
  private readonly sockets: Sockets;
  private readonly relay: Relay;
  private readonly history: History;
  private readonly evaluation: (message: ToEvaluation) => void;
  private waiting: Request[] = [];
  private current: Message | undefined;
  private pumping = false;
  private executionCount = 0;

  constructor({ sockets, relay, history, evaluation }: QueueParts) {
    this.sockets = sockets;
    this.relay = relay;
    this.history = history;
    this.evaluation = evaluation;
  }

  /** The request at work. */
  get running(): Message | undefined {
    return this.current;
  }

  /** Takes a request; false if it is not one for the evaluation thread. */
  take(request: Request): boolean {
    if (request.socket !== "shell" || !queued.test(request.message.header.msg_type)) return false;
    this.waiting.push(request);
    if (!this.pumping) void this.pump();
    return true;
  }

  private async pump(): Promise<void> {
    this.pumping = true;
    for (let request = this.waiting.shift(); request !== undefined; request = this.waiting.shift()) {
      this.current = request.message;
      this.sockets.status(request.message, "busy");
      try {
        await this.process(request);
      } catch (error) {
        this.sockets.reply(request, failure(error));
      }
      this.current = undefined;
      this.sockets.status(request.message, "idle");
    }
    this.pumping = false;
  }

  private async process(request: Request): Promise<void> {
    const { message } = request;
    const { content, metadata, buffers } = message;
    const parent = this.relay.remember(message);
    const kind = message.header.msg_type;
    if (kind === "execute_request") return this.execute(request, parent);
    if (kind === "comm_info_request") {
      const target = typeof content.target_name === "string" ? content.target_name : undefined;
      const { reply } = await this.evaluate(parent, { type: "comm info", parent, target });
      this.sockets.reply(request, reply);
      return;
    }
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
    if (!silent) this.sockets.publish(request.message, "execute_input", { code, execution_count: count });
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
    const abort = reply.status === "error" && content.stop_on_error !== false;
    // What the client sent before it could know of the error is still in the socket: let it arrive, then abort it.
    if (abort) await turns(3);
    const aborted = abort ? this.takeCells() : [];
    this.sockets.reply(request, { ...reply, execution_count: count }, { started, ...(timing && { timing }) });
    for (const waiting of aborted) {
      this.sockets.status(waiting.message, "busy");
      this.sockets.reply(waiting, { status: "aborted", execution_count: this.executionCount });
      this.sockets.status(waiting.message, "idle");
    }
  }

  // The cells that wait, which then wait no more.
  private takeCells(): Request[] {
    const isCell = ({ message }: Request) => message.header.msg_type === "execute_request";
    const cells = this.waiting.filter(isCell);
    this.waiting = this.waiting.filter((request) => !isCell(request));
    return cells;
  }

  private evaluate(parent: number, task: ToEvaluation): Promise<Outcome> {
    this.evaluation(task);
    return this.relay.outcome(parent);
  }
}

function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number) => (left === 0 ? resolve() : setTimeout(next, 1, left - 1));
    next(count);
  });
}
