/**
 * Ctrl-C for long work: the first one asks it to end in good order, the second one ends the process at once. SIGTERM,
 * which schedulers send before they kill, asks too.
 */
import { stopBars } from "../support/progress.js";
import { exitCode } from "./exit.js";

/** Runs `work` with a signal that Ctrl-C aborts; `notice` is printed at the first one. */
export async function interruptible<T>(
  notice: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) {
      stopBars();
      process.exit(exitCode.interrupted);
    }
    process.stderr.write(`\n${notice}\n`);
    abort.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(abort.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
