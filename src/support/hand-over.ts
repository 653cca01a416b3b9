/** Results of worker threads whose memory goes to the one who asked, in place of a copy of it. */
import { move, transferableSymbol, valueSymbol } from "piscina";

/** What a Piscina worker returns for `value`. @param memory what is handed over; the worker cannot use it afterwards */
export function handOver<T extends object>(value: T, memory: readonly ArrayBufferLike[]): T {
  const handed = {
    get [transferableSymbol]() {
      return memory;
    },
    get [valueSymbol]() {
      return value;
    },
  };
  return move(handed) as unknown as T;
}
