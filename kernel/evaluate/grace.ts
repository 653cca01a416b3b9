/**
 * The time that an interrupt gives to a cell that watches `jupyter.signal`. Such a cell ends by itself: a training
 * stops after the running step, however long that blocks the thread, and its state is kept. A second interrupt ends it
 * at once, as any other cell.
 */
import { shared } from "../protocol/channel.js";
import type { CellContext } from "./context.js";

/** The time that cells have to end by themselves; the protocol thread reads it from shared memory. */
export class Grace {
  private readonly settings: Int32Array;
  private wanted = 10_000;
  private running: CellContext | undefined;

  constructor(memory: SharedArrayBuffer) {
    this.settings = new Int32Array(memory);
  }

  get milliseconds(): number {
    return this.wanted;
  }

  set milliseconds(value: number) {
    if (!(value >= 0 && value < 2 ** 31))
      throw new RangeError(`interruptGrace: expected milliseconds, got ${value}`);
    this.wanted = Math.round(value);
    this.store();
  }

  /** The signal of a cell that from now on ends by itself. */
  watch(cell: CellContext): AbortSignal {
    cell.watched = true;
    this.store();
    return cell.signal;
  }

  /** Begins to run a cell, or none. */
  begin(cell: CellContext | undefined): void {
    this.running = cell;
    this.store();
  }

  private store(): void {
    Atomics.store(this.settings, shared.grace, this.running?.watched ? this.wanted : 0);
  }
}
