/**
 * A Jupyter client for the tests: real sockets to a real kernel process. It signs by its own few lines, not by the
 * kernel's, so that a fault there would show.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer, Request as Ping, Subscriber } from "zeromq";
import { freePorts } from "../../../kernel/client/client.js";
import { packageRoot } from "../../../src/support/package.js";

type Json = { [key: string]: unknown };

/** A message as it came. */
export interface Received {
  type: string;
  parent: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  content: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  metadata: any;
  buffers: Buffer[];
  at: number;
}

/** What came of a cell. */
export interface CellResult {
  reply: Received;
  iopub: Received[];
  stdout: string;
  stderr: string;
  /** text/plain of the result. */
  result: string | undefined;
  error: { ename: string; evalue: string; traceback: string[] } | undefined;
}

const main = join(packageRoot, "dist/kernel/main.js");

/** A kernel process with the sockets to it. */
export class TestKernel {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly key: string;
  readonly ports: { [name: string]: number };
  readonly iopub: Received[] = [];
  readonly exited: Promise<number | null>;
  private readonly session = randomUUID();
  private readonly sockets = { shell: new Dealer(), control: new Dealer(), stdin: new Dealer() };
  private readonly subscriber = new Subscriber();
  private readonly replies = new Map<string, Received>();
  private readonly listeners = new Set<() => void>();
  private inputHandler: ((content: Json) => string | undefined) | undefined;

  private constructor(folder: string, ports: { [name: string]: number }, key: string, options: StartOptions) {
    this.folder = folder;
    this.ports = ports;
    this.key = key;
    const connectionFile = join(folder, ".connection.json");
    const connection = { transport: "tcp", ip: "127.0.0.1", key, signature_scheme: "hmac-sha256", ...ports };
    writeFileSync(connectionFile, JSON.stringify(connection), { mode: 0o600 });
    this.child = spawn(process.execPath, ["--no-force-async-hooks-checks", main, connectionFile], {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, JESSL_HISTORY: join(folder, ".history.jsonl"), ...options.env },
    });
    this.exited = new Promise((resolve) => this.child.on("exit", resolve));
  }

  /** Starts a kernel and waits until it answers. */
  static async start(options: StartOptions = {}): Promise<TestKernel> {
    if (!existsSync(main)) throw new Error(`${main}: build first (npm run build)`);
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), "jessl-kernel-"));
    const names = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"];
    const numbers = await freePorts(names.length);
    const ports = Object.fromEntries(names.map((name, i) => [name, numbers[i]!]));
    const kernel = new TestKernel(folder, ports, randomUUID(), options);
    await kernel.connect();
    return kernel;
  }

  private async connect(): Promise<void> {
    const routing = randomUUID();
    for (const [name, socket] of Object.entries(this.sockets)) {
      socket.routingId = routing;
      socket.linger = 0;
      socket.connect(`tcp://127.0.0.1:${this.ports[`${name}_port`]}`);
      void this.listen(name, socket);
    }
    this.subscriber.linger = 0;
    this.subscriber.connect(`tcp://127.0.0.1:${this.ports.iopub_port}`);
    this.subscriber.subscribe();
    void this.listen("iopub", this.subscriber);
    await this.request("shell", "kernel_info_request", {});
    // A subscription takes a moment to arrive: ask until a status is heard.
    while (this.iopub.length === 0) await this.request("shell", "kernel_info_request", {});
  }

  private async listen(name: string, socket: Dealer | Subscriber): Promise<void> {
    try {
      for await (const frames of socket as AsyncIterable<Buffer[]>) {
        const split = frames.findIndex((frame) => frame.toString() === "<IDS|MSG>");
        const [header, parent, metadata, content] = frames
          .slice(split + 2, split + 6)
          .map((part) => JSON.parse(part.toString()));
        const wanted = this.sign(frames.slice(split + 2, split + 6));
        if (frames[split + 1]!.toString() !== wanted) throw new Error("kernel's signature is wrong");
        const received: Received = {
          type: header.msg_type,
          parent: parent.msg_id,
          content,
          metadata,
          buffers: frames.slice(split + 6),
          at: performance.now(),
        };
        if (name === "iopub") this.iopub.push(received);
        else if (name === "stdin") this.onInput(received);
        else this.replies.set(received.parent ?? "", received);
        for (const listener of [...this.listeners]) listener();
      }
    } catch {
      // Closed.
    }
  }

  private onInput({ content }: Received): void {
    const value = this.inputHandler?.(content);
    if (value !== undefined) void this.send("stdin", "input_reply", { value, status: "ok" });
  }

  /** What the user answers to questions; undefined leaves one open. */
  onQuestion(handler: (content: Json) => string | undefined): void {
    this.inputHandler = handler;
  }

  sign(parts: readonly (Buffer | string)[]): string {
    const hmac = createHmac("sha256", this.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  /** The frames of a message. */
  frames(type: string, content: Json, id: string = randomUUID()): (Buffer | string)[] {
    const date = new Date().toISOString();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.session,
      username: "test",
      date,
      version: "5.4",
    };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    return ["<IDS|MSG>", this.sign(parts), ...parts];
  }

  /** Sends frames as they are. */
  async sendRaw(socket: "shell" | "control" | "stdin", frames: (Buffer | string)[]): Promise<void> {
    await this.sockets[socket].send(frames);
  }

  async send(socket: "shell" | "control" | "stdin", type: string, content: Json): Promise<string> {
    const id = randomUUID();
    await this.sendRaw(socket, this.frames(type, content, id));
    return id;
  }

  /** Waits until `look` finds something. */
  async until<T>(look: () => T | undefined, what: string, milliseconds = 15_000): Promise<T> {
    const now = look();
    if (now !== undefined) return now;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.listeners.delete(listener);
        reject(new Error(`no ${what} within ${milliseconds} ms`));
      }, milliseconds);
      const listener = () => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        this.listeners.delete(listener);
        resolve(found);
      };
      this.listeners.add(listener);
    });
  }

  reply(id: string, milliseconds?: number): Promise<Received> {
    return this.until(() => this.replies.get(id), "reply", milliseconds);
  }

  /** The messages of a request on iopub, up to idle. */
  idle(id: string, milliseconds?: number): Promise<Received[]> {
    return this.until(
      () => {
        const own = this.iopub.filter(({ parent }) => parent === id);
        const last = own.findIndex(
          ({ type, content }) => type === "status" && content.execution_state === "idle",
        );
        return last < 0 ? undefined : own;
      },
      "idle",
      milliseconds,
    );
  }

  async request(socket: "shell" | "control", type: string, content: Json): Promise<Received> {
    return this.reply(await this.send(socket, type, content));
  }

  /** Sends a cell; its identifier. */
  start(code: string, options: Json = {}): Promise<string> {
    return this.send("shell", "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: true,
      stop_on_error: true,
      ...options,
    });
  }

  /** What came of a cell that was sent. */
  async finish(id: string, milliseconds?: number): Promise<CellResult> {
    const reply = await this.reply(id, milliseconds);
    const iopub = await this.idle(id, milliseconds);
    const stream = (name: string) =>
      iopub
        .filter(({ type, content }) => type === "stream" && content.name === name)
        .map(({ content }) => content.text)
        .join("");
    return {
      reply,
      iopub,
      stdout: stream("stdout"),
      stderr: stream("stderr"),
      result: iopub.find(({ type }) => type === "execute_result")?.content.data["text/plain"],
      error: iopub.find(({ type }) => type === "error")?.content,
    };
  }

  /** Runs a cell. */
  async run(code: string, options: Json = {}, milliseconds?: number): Promise<CellResult> {
    return this.finish(await this.start(code, options), milliseconds);
  }

  /** Whether the heartbeat answers. */
  async beats(): Promise<boolean> {
    const socket = new Ping({ linger: 0, receiveTimeout: 2000 });
    socket.connect(`tcp://127.0.0.1:${this.ports.hb_port}`);
    try {
      await socket.send("ping");
      const [answer] = await socket.receive();
      return answer!.toString() === "ping";
    } catch {
      return false;
    } finally {
      socket.close();
    }
  }

  /** Ends the kernel, closes the sockets, removes the folder. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.exited;
    for (const socket of [...Object.values(this.sockets), this.subscriber]) socket.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface StartOptions {
  folder?: string;
  env?: { [name: string]: string };
}
