/** The evaluation thread's end of the language thread: sends a cell or a question, awaits what came of it. */
import type { MessagePort } from "node:worker_threads";
import { Asker } from "../support/asker.js";
import type { Compiled } from "./language/compile.js";
import type { CellQuestion } from "./language/worker.js";

type Inspected = { found?: boolean; data: { [type: string]: unknown } };

/** Compiles cells on the language thread. */
export class Compiler {
  private readonly asker: Asker<CellQuestion>;

  constructor(port: MessagePort) {
    this.asker = new Asker(port);
  }

  /** Compiles a cell, or with `expression` something that is only evaluated and declares nothing. */
  compile(code: string, expression = false): Promise<Compiled> {
    return this.asker.ask({ type: expression ? "expression" : "cell", code });
  }

  /** Type and documentation of a name; undefined if it is not known. */
  async inspect(code: string): Promise<{ data: { [type: string]: unknown } } | undefined> {
    const answer = await this.asker.ask<Inspected>({ type: "inspect", code });
    return answer.found ? answer : undefined;
  }
}
