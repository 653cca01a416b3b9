/** What the language thread is asked on behalf of a front end: completion, inspection, whether a cell is complete. */
import type { MessagePort } from "node:worker_threads";
import type { LanguageQuestion } from "./channel.js";
import type { Json } from "./wire.js";

/** The protocol thread's end of the language thread. */
export class Questions {
  private readonly port: MessagePort;
  private readonly open = new Map<number, (answer: Json) => void>();
  private count = 0;

  constructor(port: MessagePort) {
    this.port = port;
    port.on("message", ({ number, answer }: { number: number; answer: Json }) => {
      this.open.get(number)?.(answer);
      this.open.delete(number);
    });
  }

  /** The content of the reply. */
  ask(question: LanguageQuestion): Promise<Json> {
    this.count += 1;
    const number = this.count;
    this.port.postMessage({ number, question });
    return new Promise((resolve) => this.open.set(number, resolve));
  }
}
