/**
 * Comms: named channels between a cell and the front end, as widgets use them. A target that a cell registered accepts
 * what the front end opens; anything else is closed at once, as the protocol wants it.
 */
import { randomUUID } from "node:crypto";
import type { CommTask } from "../protocol/channel.js";
import type { Json } from "../protocol/wire.js";
import type { Link } from "./link.js";

type MessageHandler = (data: Json, buffers: readonly Uint8Array[]) => void;

/** One open channel. */
export class Comm {
  readonly id: string;
  readonly target: string;
  private readonly link: Link;
  private readonly forget: () => void;
  private messageHandlers: MessageHandler[] = [];
  private closeHandlers: ((data: Json) => void)[] = [];
  private open = true;

  constructor(link: Link, id: string, target: string, forget: () => void) {
    this.link = link;
    this.id = id;
    this.target = target;
    this.forget = forget;
  }

  /** Sends data to the front end. */
  send(data: Json, buffers: readonly Uint8Array[] = []): void {
    if (!this.open) throw new Error(`comm: ${this.target} is closed`);
    this.link.publish("comm_msg", { comm_id: this.id, data }, {}, buffers);
  }

  /** Closes the channel on both sides. */
  close(data: Json = {}): void {
    if (!this.open) return;
    this.end();
    this.link.publish("comm_close", { comm_id: this.id, data });
  }

  onMessage(handler: MessageHandler): void {
    this.messageHandlers.push(handler);
  }

  onClose(handler: (data: Json) => void): void {
    this.closeHandlers.push(handler);
  }

  receive(kind: "comm_msg" | "comm_close", data: Json, buffers: readonly Uint8Array[]): void {
    if (kind === "comm_msg") for (const handler of this.messageHandlers) handler(data, buffers);
    else {
      this.end();
      for (const handler of this.closeHandlers) handler(data);
    }
  }

  private end(): void {
    this.open = false;
    this.forget();
  }
}

/** The comms of a kernel. */
export class Comms {
  private readonly link: Link;
  private readonly open_ = new Map<string, Comm>();
  private readonly targets = new Map<string, (comm: Comm, data: Json) => void>();

  constructor(link: Link) {
    this.link = link;
  }

  register(target: string, accept: (comm: Comm, data: Json) => void): void {
    this.targets.set(target, accept);
  }

  open(target: string, data: Json = {}, metadata: Json = {}): Comm {
    const comm = this.create(randomUUID(), target);
    this.link.publish("comm_open", { comm_id: comm.id, target_name: target, data }, metadata);
    return comm;
  }

  /** The content of `comm_info_reply`. */
  info(target: string | undefined): Json {
    const comms = [...this.open_.values()].filter((comm) => target === undefined || comm.target === target);
    return Object.fromEntries(comms.map((comm) => [comm.id, { target_name: comm.target }]));
  }

  /** Handles a message of the front end. */
  receive({ kind, content, buffers }: CommTask): void {
    const id = String(content.comm_id);
    const data = (content.data ?? {}) as Json;
    if (kind !== "comm_open") {
      this.open_.get(id)?.receive(kind, data, buffers);
      return;
    }
    const target = String(content.target_name);
    const accept = this.targets.get(target);
    if (accept === undefined) {
      this.link.publish("comm_close", { comm_id: id, data: {} });
      return;
    }
    accept(this.create(id, target), data);
  }

  private create(id: string, target: string): Comm {
    const comm = new Comm(this.link, id, target, () => this.open_.delete(id));
    this.open_.set(id, comm);
    return comm;
  }
}
