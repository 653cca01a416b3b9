/** The evaluation thread's end of the language thread: sends a cell or a question, awaits what came of it. */
import type { MessagePort } from "node:worker_threads";
import type { Compiled } from "./language/compile.js";

/** Compiles cells on the language thread. */
export class Compiler {
  private readonly port: MessagePort;
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private count = 0;

  constructor(port: MessagePort) {
    this.port = port;
    port.on("message", ({ number, answer }: { number: number; answer: unknown }) => {
      this.waiting.get(number)?.(answer);
      this.waiting.delete(number);
    });
  }

  /** Compiles a cell, or with `expression` something that is only evaluated and declares nothing. */
  compile(code: string, expression = false): Promise<Compiled> {
    return this.ask({ type: expression ? "expression" : "cell", code }) as Promise<Compiled>;
  }

  /** Type and documentation of a name; undefined if it is not known. */
  async inspect(code: string): Promise<{ data: { [type: string]: unknown } } | undefined> {
    const answer = (await this.ask({ type: "inspect", code })) as {
      found?: boolean;
      data: { [type: string]: unknown };
    };
    return answer.found ? answer : undefined;
  }

  private ask(request: { type: "cell" | "expression" | "inspect"; code: string }): Promise<unknown> {
    this.count += 1;
    const number = this.count;
    this.port.postMessage({ number, ...request });
    return new Promise((resolve) => this.waiting.set(number, resolve));
  }
}
