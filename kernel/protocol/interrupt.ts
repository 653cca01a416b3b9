/**
 * Interrupts in two stages, from the protocol thread. First the evaluation thread is asked, by a message that it sees
 * when its event loop is free: it rejects what the cell awaits. Where no answer comes in time the thread is busy, and
 * V8 terminates what it executes. A thread that answers is never terminated, so an idle kernel is left alone.
 */
import { Session } from "node:inspector";
import { interruptDescendants } from "../support/descendants.js";
import { shared, type ToEvaluation, terminateSymbol } from "./channel.js";

/** How long an interrupt waits for the evaluation thread, in milliseconds, if the cell does not ask for more. */
export const patience = 150;

/** How often a thread that does not answer is terminated, four times a second. */
const mostAttempts = 40;

/** The interrupts of one evaluation thread. */
export class Interrupter {
  private readonly tell: (message: ToEvaluation) => void;
  private readonly shared: Int32Array;
  private session: Session | undefined;
  private asked = 0;
  private seen = 0;

  constructor(tell: (message: ToEvaluation) => void, memory: SharedArrayBuffer) {
    this.tell = tell;
    this.shared = new Int32Array(memory);
  }

  /** Interrupts what runs. */
  request(): void {
    this.asked += 1;
    this.tell({ type: "interrupt", number: this.asked });
    // A second interrupt does not wait for the cell.
    const first = this.seen === this.asked - 1;
    const grace = first ? Atomics.load(this.shared, shared.grace) : 0;
    this.watch(this.asked, Math.max(patience, grace), mostAttempts);
  }

  /** The evaluation thread has seen interrupts up to `number`. */
  acknowledge(number: number): void {
    this.seen = Math.max(this.seen, number);
  }

  /** Lets the process end without waiting for a debugger. */
  close(): void {
    this.session?.disconnect();
    this.session = undefined;
  }

  private watch(number: number, wait: number, attempts: number): void {
    if (attempts === 0) return;
    setTimeout(() => {
      if (this.seen >= number) return;
      this.terminate();
      // If that did not help, native code waits, perhaps for a program that the cell started.
      if (attempts < mostAttempts) interruptDescendants();
      this.watch(number, 250, attempts - 1);
    }, wait);
  }

  private terminate(): void {
    if (this.session === undefined) {
      this.session = new Session();
      this.session.connectToMainThread();
    }
    const expression = `globalThis[Symbol.for("${terminateSymbol}")]()`;
    this.session.post("Runtime.evaluate", { expression, silent: true }, () => undefined);
  }
}
