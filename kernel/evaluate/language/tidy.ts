/**
 * Garbage of the language thread. Every cell makes a program and a checker of its own and drops those before it; V8
 * lets such garbage pile up to a multiple of what is alive, hundreds of megabytes, before it collects. Here it is
 * collected between two cells, as soon as it is a quarter of what is alive.
 */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import vm from "node:vm";

const least = 24 * 2 ** 20;

/** Collects garbage when there is enough of it. */
export class Tidy {
  private readonly collect: () => void;
  private limit = 0;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.collect = vm.runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }

  /** To be called where a pause of some tens of milliseconds is not felt. */
  perhaps(): void {
    if (getHeapStatistics().used_heap_size < this.limit) return;
    this.collect();
    const alive = getHeapStatistics().used_heap_size;
    this.limit = alive + Math.max(least, alive / 4);
  }
}
