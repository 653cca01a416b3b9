/**
 * Which cell is at work. The context of a cell follows its promises, timers and callbacks (AsyncLocalStorage), so that
 * what they print long after the cell has ended still belongs to it, and so that an interrupt reaches what the cell
 * started and nothing else.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** Thrown into a cell that the user interrupts. */
export class InterruptError extends Error {
  constructor() {
    super("the cell was interrupted");
    this.name = "InterruptError";
  }
}

/** One request that is, or was, being worked on. */
export class CellContext {
  readonly parent: number;
  readonly allowStdin: boolean;
  readonly silent: boolean;
  /** Whether the cell has looked at its signal: then it ends by itself, after the running step of a training. */
  watched = false;
  /** Whether what the cell awaits is rejected. */
  cancelled = false;
  private readonly controller = new AbortController();
  private readonly waiting = new Set<(error: Error) => void>();
  private readonly held = new Set<Promise<unknown>>();

  constructor(parent: number, allowStdin: boolean, silent: boolean) {
    this.parent = parent;
    this.allowStdin = allowStdin;
    this.silent = silent;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The same as a promise, rejected as soon as the cell is cancelled. */
  guard<T>(value: T | PromiseLike<T>): Promise<T> {
    if (this.cancelled) return Promise.reject(new InterruptError());
    return new Promise<T>((resolve, reject) => {
      this.waiting.add(reject);
      Promise.resolve(value).then(
        (result) => {
          this.waiting.delete(reject);
          resolve(result);
        },
        (error: unknown) => {
          this.waiting.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** Keeps the cell from ending before this is done. */
  hold(work: Promise<unknown>): void {
    this.held.add(work);
  }

  /** Waits for all that is held. */
  async settle(): Promise<void> {
    for (const work of this.held) await this.guard(work);
    this.held.clear();
  }

  /** Aborts the signal, and ends what the cell awaits: at once, or if it watches its signal after `grace`. */
  interrupt(grace: number): void {
    const again = this.signal.aborted;
    this.controller.abort(new InterruptError());
    if (again || !this.watched) this.cancel();
    else setTimeout(() => this.cancel(), grace).unref();
  }

  private cancel(): void {
    this.cancelled = true;
    for (const reject of this.waiting) reject(new InterruptError());
    this.waiting.clear();
  }
}

const storage = new AsyncLocalStorage<CellContext>();
let latest = new CellContext(0, false, false);

/** The cell whose code runs now; where that is not known, the latest one. */
export function currentCell(): CellContext {
  return storage.getStore() ?? latest;
}

/** Runs `body` as part of a cell. */
export function runInCell<T>(cell: CellContext, body: () => T): T {
  latest = cell;
  return storage.run(cell, body);
}
