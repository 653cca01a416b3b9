/** Results of worker threads whose memory goes to the one who asked, in place of a copy of it. */
import { Piscina } from "piscina";

/** What a Piscina worker returns for `value`. @param memory what is handed over; the worker cannot use it afterwards */
export function handOver<T extends object>(value: T, memory: readonly ArrayBufferLike[]): T {
  const handed = {
    get [Piscina.transferableSymbol]() {
      return memory;
    },
    get [Piscina.valueSymbol]() {
      return value;
    },
  };
  return Piscina.move(handed as never) as unknown as T;
}
