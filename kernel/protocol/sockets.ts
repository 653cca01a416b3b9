/**
 * The kernel's five sockets. What comes in is read, checked and handed on, or dropped; what goes out is
 * signed and sent in order. The heartbeat is echoed here.
 */
import { Reply as Echo, Publisher, Router } from "zeromq";
import { address, type Connection } from "./connection.js";
import { Outbox } from "./outbox.js";
import { type Json, type Message, Wire } from "./wire.js";

/** A request with the socket that it came by, by which its reply goes. */
export type Request = { message: Message; socket: "shell" | "control" };

/** Who takes what comes in. */
export interface Receivers {
  request(request: Request): void;
  input(message: Message): void;
}

/** The sockets of one kernel. */
export class Sockets {
  private readonly wire: Wire;
  private readonly shell = new Router({ linger: 500 });
  private readonly control = new Router({ linger: 500 });
  private readonly stdin = new Router({ linger: 500 });
  private readonly iopub: Publisher;
  private readonly heartbeat = new Echo({ linger: 0 });
  private readonly out: { [name in "shell" | "control" | "stdin" | "iopub"]: Outbox };

  /** A front end that does not read has up to `mostUnread` messages kept for it; what comes then passes it by. */
  constructor(key: string, mostUnread = 10_000) {
    this.wire = new Wire(key);
    this.iopub = new Publisher({ linger: 500, sendHighWaterMark: mostUnread });
    this.out = {
      shell: new Outbox(this.shell),
      control: new Outbox(this.control),
      stdin: new Outbox(this.stdin),
      iopub: new Outbox(this.iopub),
    };
  }

  /** Binds the sockets and begins to receive. */
  async listen(connection: Connection, { request, input }: Receivers): Promise<void> {
    await Promise.all([
      this.heartbeat.bind(address(connection, "hb")),
      this.shell.bind(address(connection, "shell")),
      this.control.bind(address(connection, "control")),
      this.stdin.bind(address(connection, "stdin")),
      this.iopub.bind(address(connection, "iopub")),
    ]);
    void this.echo();
    void this.receive(this.shell, (message) => request({ message, socket: "shell" }));
    void this.receive(this.control, (message) => request({ message, socket: "control" }));
    void this.receive(this.stdin, input);
  }

  /** Publishes on iopub, on behalf of a request if there is one. */
  publish(
    parent: Message | undefined,
    kind: string,
    content: Json | string,
    metadata: Json | string = {},
    buffers: Uint8Array[] = [],
  ): void {
    const identities = [
      Buffer.from(kind === "stream" && typeof content !== "string" ? `stream.${String(content.name)}` : kind),
    ];
    const header = this.wire.header(kind);
    const known = parent?.header ?? {};
    this.out.iopub.post(this.wire.encode({ identities, header, parent: known, metadata, content, buffers }));
  }

  /** Publishes the kernel's state. */
  status(parent: Message | undefined, state: "starting" | "busy" | "idle"): void {
    this.publish(parent, "status", { execution_state: state });
  }

  /** Answers a request. */
  reply({ message, socket }: Request, content: Json, metadata: Json = {}): void {
    this.send(socket, message, message.header.msg_type.replace(/_request$/, "_reply"), content, metadata);
  }

  /** Asks the user of a request for input. */
  ask(message: Message, content: { prompt: string; password: boolean }): void {
    this.send("stdin", message, "input_request", content, {});
  }

  /** Resolves when fewer than `length` messages of iopub wait to be sent. */
  room(length?: number): Promise<void> {
    return this.out.iopub.room(length);
  }

  /** Sends what waits, for half a second at most, and closes. */
  async close(): Promise<void> {
    await Promise.race([
      Promise.all(Object.values(this.out).map((outbox) => outbox.flushed())),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ]);
    for (const socket of [this.shell, this.control, this.stdin, this.iopub, this.heartbeat]) socket.close();
  }

  private send(
    socket: "shell" | "control" | "stdin",
    { identities, header: parent }: Message,
    kind: string,
    content: Json,
    metadata: Json,
  ): void {
    const header = this.wire.header(kind);
    this.out[socket].post(this.wire.encode({ identities, header, parent, metadata, content, buffers: [] }));
  }

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
      if (typeof message === "string") continue;
      try {
        handle(message);
      } catch (error) {
        // Of one message; the next ones are heard all the same.
        process.stderr.write(`${message.header.msg_type}: ${(error as Error).message}\n`);
      }
    }
  }
}
