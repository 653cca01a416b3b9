/**
 * A Jupyter client: starts the kernel as a process of its own and talks to it over its sockets, as a front end does.
 * On Linux and macOS the sockets are files in a private folder, so that no port can be taken by someone else.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer, Subscriber } from "zeromq";
import { JesslError } from "../../src/support/errors.js";
import { kernelCommand, kernelEnv } from "../command.js";
import { address, type Connection } from "../protocol/connection.js";
import { Outbox } from "../protocol/outbox.js";
import { type Json, type Message, Wire } from "../protocol/wire.js";

/** The kernel process ended, or did not answer. */
export class KernelError extends JesslError {}

export interface KernelOptions {
  /** The folder the kernel works in: imports resolve from there. */
  readonly folder: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command for a connection file; by default this package's kernel. */
  readonly command?: (connectionFile: string) => string[];
  /** How long the kernel may take to answer. */
  readonly startSeconds?: number;
}

type Listener = (message: Message) => void;

interface Pending {
  readonly listener: Listener | undefined;
  readonly settle: (reply: Message) => void;
  readonly fail: (error: Error) => void;
  /** What there is to wait for besides idle; a message that is no request has no reply. */
  reply: Message | undefined;
  idle: boolean;
}

/** A running kernel and the sockets to it. */
export class KernelClient {
  /** Settles when the process has ended. */
  readonly exited: Promise<string>;
  private readonly child: ChildProcess;
  private readonly scratch: string;
  private readonly connection: Connection;
  private readonly wire: Wire;
  private readonly sockets = { shell: new Dealer({ linger: 0 }), control: new Dealer({ linger: 0 }) };
  private readonly iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  private readonly outboxes: { readonly [name in "shell" | "control"]: Outbox };
  private readonly pending = new Map<string, Pending>();
  private heard = false;
  private ended: string | undefined;

  private constructor(options: KernelOptions, scratch: string, connection: Connection) {
    this.scratch = scratch;
    this.connection = connection;
    this.wire = new Wire(connection.key);
    this.outboxes = { shell: new Outbox(this.sockets.shell), control: new Outbox(this.sockets.control) };
    const file = join(scratch, "connection.json");
    writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
    const [program, ...args] = (options.command ?? kernelCommand)(file);
    this.child = spawn(program!, args, {
      cwd: options.folder,
      // The kernel ends when this process does, even by a kill.
      env: { ...process.env, JPY_PARENT_PID: String(process.pid), ...kernelEnv, ...options.env },
      stdio: ["ignore", "inherit", "inherit"],
      // Ctrl-C belongs to the client, which interrupts the cell and saves.
      detached: true,
    });
    this.exited = new Promise((resolve) => {
      this.child.on("error", (error) => resolve(error.message));
      this.child.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    void this.exited.then((how) => {
      this.ended = how;
      for (const { fail } of this.pending.values()) fail(new KernelError(`kernel: it ended (${how})`));
      this.pending.clear();
    });
  }

  /** Starts a kernel and waits until it answers. @throws KernelError when it does not */
  static async start(options: KernelOptions): Promise<KernelClient> {
    const scratch = mkdtempSync(join(tmpdir(), "jessl-kernel-"));
    const client = new KernelClient(options, scratch, await newConnection(scratch));
    try {
      await client.connect((options.startSeconds ?? 60) * 1000);
      return client;
    } catch (error) {
      await client.stop();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  private async connect(milliseconds: number): Promise<void> {
    const late = new Error(`kernel: no answer within ${milliseconds / 1000} s`);
    const deadline = performance.now() + milliseconds;
    for (const name of ["shell", "control"] as const) {
      this.sockets[name].connect(address(this.connection, name));
      void this.listen(this.sockets[name], (message) => this.onReply(message));
    }
    this.iopub.connect(address(this.connection, "iopub"));
    this.iopub.subscribe();
    void this.listen(this.iopub, (message) => this.onOutput(message));
    const ask = () => within(this.request("shell", "kernel_info_request", {}), deadline, late);
    await ask();
    // A subscription takes a moment to arrive: ask until a status is heard.
    while (!this.heard) {
      await ask();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private async listen(socket: Dealer | Subscriber, take: Listener): Promise<void> {
    try {
      for await (const frames of socket as AsyncIterable<Buffer[]>) {
        const message = this.wire.decode(frames);
        if (typeof message !== "string") take(message);
      }
    } catch (error) {
      if (!socket.closed) throw error;
    }
  }

  private onReply(message: Message): void {
    const pending = this.pending.get(message.parent.msg_id ?? "");
    if (pending === undefined) return;
    pending.reply = message;
    this.finish(message.parent.msg_id!, pending);
  }

  private onOutput(message: Message): void {
    this.heard = true;
    const id = message.parent.msg_id ?? "";
    const pending = this.pending.get(id);
    if (pending === undefined) return;
    pending.listener?.(message);
    if (message.header.msg_type === "status" && message.content.execution_state === "idle") {
      pending.idle = true;
      this.finish(id, pending);
    }
  }

  private finish(id: string, pending: Pending): void {
    if (pending.reply === undefined || !pending.idle) return;
    this.pending.delete(id);
    pending.settle(pending.reply);
  }

  /**
   * Sends a request; settles with the reply when the kernel is idle again, so that all output has come. A message
   * without a reply, such as `comm_msg`, settles with itself.
   * @param listener hears the request's messages on iopub
   */
  request(socket: "shell" | "control", type: string, content: Json, listener?: Listener): Promise<Message> {
    if (this.ended !== undefined) return Promise.reject(new KernelError(`kernel: it ended (${this.ended})`));
    const header = this.wire.header(type);
    return new Promise((settle, fail) => {
      // Where nothing is heard of iopub yet, the reply is all there is to wait for.
      const message: Message = { identities: [], header, parent: {}, metadata: {}, content, buffers: [] };
      const reply = type.endsWith("_request") ? undefined : message;
      this.pending.set(header.msg_id, { listener, settle, fail, reply, idle: !this.heard });
      this.outboxes[socket].post(this.wire.encode(message));
    });
  }

  /** Runs a cell; settles with the content of `execute_reply`. */
  async execute(code: string, listener?: Listener, options: Json = {}): Promise<Json> {
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...options,
    };
    return (await this.request("shell", "execute_request", content, listener)).content;
  }

  /** Interrupts the running cell. */
  async interrupt(): Promise<void> {
    await this.request("control", "interrupt_request", {});
  }

  /** Ends the kernel: politely, after two seconds by force; closes the sockets and removes their folder. */
  async stop(): Promise<void> {
    if (this.ended === undefined) {
      this.request("control", "shutdown_request", { restart: false }).catch(() => undefined);
      const force = setTimeout(() => this.child.kill("SIGKILL"), 2000);
      await this.exited;
      clearTimeout(force);
    }
    for (const socket of [...Object.values(this.sockets), this.iopub]) socket.close();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

async function within<T>(promise: Promise<T>, deadline: number, late: Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), Math.max(0, deadline - performance.now()));
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

const channels = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"] as const;

async function newConnection(scratch: string): Promise<Connection> {
  const windows = process.platform === "win32";
  const numbers = windows ? await freePorts(channels.length) : channels.map((_, i) => i + 1);
  return {
    ...(windows
      ? { transport: "tcp" as const, ip: "127.0.0.1" }
      : { transport: "ipc" as const, ip: join(scratch, "s") }),
    ...(Object.fromEntries(channels.map((name, i) => [name, numbers[i]!])) as Record<
      (typeof channels)[number],
      number
    >),
    key: randomUUID(),
    signature_scheme: "hmac-sha256",
  };
}

/** Ports of the loopback interface that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
