/**
 * A worker seen from the bench: a process that runs steps when it is told to and is idle otherwise, so that sides can
 * take turns on the same cores.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { JesslError } from "../src/support/errors.js";
import type { Answer, Ready } from "./worker.js";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A worker could not start, died, or took too long. */
export class SideError extends JesslError {}

export class Side {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #complaints = "";

  private constructor(name: string, { program, args, env }: Command) {
    this.name = name;
    this.#child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.on("error", (error) => {
      this.#complaints += error.message;
    });
    this.#child.stdin!.on("error", () => {}); // it died; the missing answer says so
    this.#child.stderr!.on("data", (text: Buffer) => {
      this.#complaints = (this.#complaints + text.toString()).slice(-4000);
    });
    this.#reader = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Starts a worker and waits until it is ready. */
  static async start<R = Ready>(
    name: string,
    command: Command,
    seconds: number,
  ): Promise<{ side: Side; ready: R }> {
    const side = new Side(name, command);
    try {
      return { side, ready: await side.#answer<R>(seconds) };
    } catch (error) {
      await side.stop();
      throw error;
    }
  }

  /** Runs some steps. @throws SideError when the worker dies or takes longer than `seconds` */
  async run<A = Answer>(steps: number, seconds: number): Promise<A> {
    this.#child.stdin!.write(`${JSON.stringify({ run: steps })}\n`);
    return this.#answer<A>(seconds);
  }

  async #answer<T>(seconds: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), 1000 * seconds);
    });
    try {
      for (;;) {
        const next = await Promise.race([this.#lines.next(), late]);
        if (next === "late")
          throw new SideError(`${this.name}: expected an answer within ${seconds} s, got none`);
        if (next.done) {
          await new Promise((resolve) => setTimeout(resolve, 50)); // the rest of its error output
          const lines = this.#complaints.trim().split("\n");
          // Node writes where an error was thrown before it and its stack after it; Python writes it last.
          const error = lines.findLast((line) => /^[\w.]*Error\b/.test(line));
          const reason = error ?? lines.slice(-3).join(" | ");
          throw new SideError(`${this.name}: its process ended${reason && `: ${reason}`}`);
        }
        // Compilers of a peer may print lines of their own.
        if (next.value.startsWith("{")) return JSON.parse(next.value) as T;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    this.#reader.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}
