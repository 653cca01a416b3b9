/** Questions to another thread by a port, and its answers, whatever their order. */
import type { MessagePort } from "node:worker_threads";

/** What goes through the port to the thread that answers; it sends back the number with the answer. */
export interface Asked<Question> {
  readonly number: number;
  readonly question: Question;
}

/** One end of a port, from which questions are asked. */
export class Asker<Question> {
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

  /** What the other thread answers; the caller knows of what type that is. */
  ask<Answer>(question: Question): Promise<Answer> {
    this.count += 1;
    const number = this.count;
    this.port.postMessage({ number, question } satisfies Asked<Question>);
    return new Promise((resolve) => this.waiting.set(number, resolve as (answer: unknown) => void));
  }
}
