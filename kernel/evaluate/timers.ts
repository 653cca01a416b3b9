/**
 * The timers of the cells. They are watched, so that an interrupt can stop one that runs away: the one whose callback
 * was terminated, or, where no cell is at work, all of them.
 */
interface Clock {
  set: (callback: (...args: unknown[]) => void, ...rest: unknown[]) => object;
  clear: (timer: unknown) => void;
}

const kinds = [
  ["setTimeout", "clearTimeout"],
  ["setInterval", "clearInterval"],
  ["setImmediate", "clearImmediate"],
] as const;

/** The timers that cells have set and that have not ended. */
export class CellTimers {
  private readonly alive = new Map<object, () => void>();
  private running: object | undefined;

  /** Replaces the global timer functions by watched ones. */
  install(): void {
    const scope = globalThis as unknown as { [name: string]: unknown };
    for (const [setName, clearName] of kinds) {
      const clock = { set: scope[setName], clear: scope[clearName] } as Clock;
      scope[setName] = Object.assign(this.setter(clock, setName === "setInterval"), clock.set);
      scope[clearName] = (timer: unknown) => {
        clock.clear(timer);
        this.forget(timer);
      };
    }
  }

  /** Stops the timer whose callback never returned, because it was terminated. */
  stopBlocking(): void {
    if (this.running !== undefined) this.alive.get(this.running)?.();
    this.running = undefined;
  }

  /** Stops all; how many there were. */
  stopAll(): number {
    const count = this.alive.size;
    for (const stop of this.alive.values()) stop();
    return count;
  }

  private setter(clock: Clock, repeats: boolean) {
    const { alive } = this;
    const timers = this;
    return (callback: unknown, ...rest: unknown[]): object => {
      // Node's own check of the callback gives its own error.
      if (typeof callback !== "function") return clock.set(callback as () => void, ...rest);
      const timer = clock.set(
        function (this: unknown, ...args: unknown[]) {
          if (!repeats) alive.delete(timer);
          timers.running = timer;
          try {
            callback.apply(this, args);
          } finally {
            timers.running = undefined;
          }
        },
        ...rest,
      );
      alive.set(timer, () => {
        clock.clear(timer);
        alive.delete(timer);
      });
      return timer;
    };
  }

  private forget(timer: unknown): void {
    if (typeof timer === "object" && timer !== null) this.alive.delete(timer);
    else for (const known of this.alive.keys()) if (Number(known) === Number(timer)) this.alive.delete(known);
  }
}
