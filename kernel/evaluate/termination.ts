/**
 * Termination of what this thread executes. The protocol thread calls a function of it by the inspector, within whatever
 * runs here; V8 then ends that, and tells when it has.
 *
 * The request to V8 is made on this thread for three reasons. What V8 ends runs no `finally`, so that Node's stack of async
 * contexts keeps what it held, and Node aborts the process when a callback returns to a stack that is not empty: only
 * here can the stack be emptied between the two. A request that comes when nothing runs ends with its own call, and not
 * with the next message's handler. And handlers of messages can be spared.
 */
import { Session } from "node:inspector";
import { terminateSymbol } from "../protocol/channel.js";

/** Ends what runs on this thread, unless it is shielded. */
export class Termination {
  private readonly session = new Session();
  private shields = 0;

  /** Puts the function where the protocol thread finds it. */
  install(): void {
    this.session.connect();
    // Nothing may follow the post in this function: the first stack check after it is where execution ends.
    const value = () => {
      if (this.shields === 0) this.session.post("Runtime.terminateExecution", emptyAsyncStack);
    };
    Object.defineProperty(globalThis, Symbol.for(terminateSymbol), { value });
  }

  /** Runs what must not be ended half-way; it takes no time, and waits for nothing. */
  shielded<T>(body: () => T): T {
    this.shields += 1;
    try {
      return body();
    } finally {
      this.shields -= 1;
    }
  }

  /** Lets the process end without waiting for a debugger. */
  close(): void {
    this.session.disconnect();
  }
}

// Node's handler of uncaught errors empties the stack of async contexts.
function emptyAsyncStack(): void {
  process.setUncaughtExceptionCaptureCallback(null);
  process.setUncaughtExceptionCaptureCallback(() => undefined);
  (process as unknown as { _fatalException?(error: Error): void })._fatalException?.(new Error("terminated"));
  process.setUncaughtExceptionCaptureCallback(null);
}
