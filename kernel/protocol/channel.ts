/**
 * What the threads say to each other. The protocol thread owns the sockets and knows the headers of requests; the
 * evaluation thread knows requests only by their number (`parent`). Everything that the evaluation thread publishes
 * carries the position of the print ring at that time, so that text printed before it arrives before it.
 */
import type { MessagePort } from "node:worker_threads";
import type { Json } from "./wire.js";

/** A cell to run. */
export interface ExecuteTask {
  type: "execute";
  parent: number;
  code: string;
  count: number;
  silent: boolean;
  allowStdin: boolean;
  userExpressions: { [name: string]: string };
}

/** A comm message from the front end. */
export interface CommTask {
  type: "comm";
  parent: number;
  kind: "comm_open" | "comm_msg" | "comm_close";
  content: Json;
  metadata: Json;
  buffers: Uint8Array[];
}

/** From the protocol thread to the evaluation thread. */
export type ToEvaluation =
  | ExecuteTask
  | CommTask
  | { type: "comm info"; parent: number; target: string | undefined }
  | { type: "interrupt"; number: number }
  | { type: "shutdown" };

/** What `execute_reply`, or another reply, holds. */
export type Reply = Json & { status: "ok" | "error" | "aborted" };

/** From the evaluation thread to the protocol thread. */
export type ToProtocol =
  | { type: "wake" }
  | { type: "interrupt seen"; number: number }
  | { type: "input"; at: number; parent: number; prompt: string; password: boolean }
  | {
      type: "publish";
      at: number;
      parent: number;
      kind: string;
      /** As JSON, and so is `metadata`. */
      content: string;
      metadata: string;
      buffers: Uint8Array[];
    }
  | {
      type: "done";
      at: number;
      parent: number;
      reply: Reply;
      /** Milliseconds that a cell took to be compiled and to run. */
      timing?: { compile: number; evaluate: number } | undefined;
    };

/** An answer to `input_request`, or the reason why there is none. */
export type InputAnswer = { value: string } | { interrupted: true };

/** What the protocol thread is given when it starts. */
export interface ProtocolStart {
  connectionFile: string;
  ring: SharedArrayBuffer;
  /** Int32, see `shared`. */
  shared: SharedArrayBuffer;
  language: MessagePort;
  input: MessagePort;
}

/**
 * Indices into the shared memory: how many input requests were answered; how many milliseconds the running cell asks
 * an interrupt to wait before it terminates (0: the usual); whether the sockets are closed.
 */
export const shared = { answers: 0, grace: 1, closed: 2 } as const;
export const sharedBytes = 16;

/** Where the evaluation thread has the function that ends what it executes. */
export const terminateSymbol = "jessl.kernel.terminate";

/** Questions to the language service, and what it answers. */
export type LanguageQuestion =
  | { type: "complete"; code: string; cursor: number }
  | { type: "inspect"; code: string; cursor: number; detail: number }
  | { type: "is complete"; code: string };
