/**
 * The evaluation thread's way out: messages to the protocol thread, each with the position of the print ring, and the
 * capture of stdout and stderr into the ring.
 */
import { StringDecoder } from "node:string_decoder";
import type { ToProtocol } from "../protocol/channel.js";
import { RingWriter, type StreamName } from "../protocol/ring.js";
import type { Json } from "../protocol/wire.js";
import { currentCell } from "./context.js";
import { toJson } from "./json.js";

/** Sends what the evaluation thread has to say. */
export class Link {
  private readonly ring: RingWriter;
  private readonly post: (message: ToProtocol) => void;

  constructor(memory: SharedArrayBuffer, post: (message: ToProtocol) => void) {
    this.post = post;
    this.ring = new RingWriter(memory, () => post({ type: "wake" }));
  }

  /**
   * Publishes a message on behalf of the running cell, after everything printed so far.
   * @throws TypeError when JSON cannot hold the content, for it holds itself
   */
  publish(kind: string, content: Json, metadata: Json = {}, buffers: readonly Uint8Array[] = []): void {
    const { parent } = currentCell();
    // All that can fail comes before the mark, for text behind a mark waits for the message that belongs to it.
    const message = {
      parent,
      kind,
      content: toJson(content),
      metadata: toJson(metadata),
      buffers: buffers.map((buffer) => new Uint8Array(buffer)),
    };
    this.post({ type: "publish", at: this.ring.mark(), ...message });
  }

  /** Sends a message that must follow what was printed before it. */
  send(message: Omit<Extract<ToProtocol, { type: "done" }>, "at">): void;
  send(message: { type: "input"; parent: number; prompt: string; password: boolean }): void;
  send(message: object): void {
    this.post({ ...message, at: this.ring.mark() } as ToProtocol);
  }

  /** Tells the protocol thread that an interrupt arrived. */
  acknowledge(number: number): void {
    this.post({ type: "interrupt seen", number });
  }

  /** Prints text on behalf of the running cell. */
  print(stream: StreamName, text: string): void {
    this.ring.write(currentCell().parent, stream, text);
  }

  /** Directs what the process writes to stdout and stderr to the front ends. */
  capture(): void {
    for (const name of ["stdout", "stderr"] as const) {
      const decoder = new StringDecoder("utf8");
      const write = (
        chunk: string | Uint8Array,
        encoding?: BufferEncoding | (() => void),
        callback?: () => void,
      ): boolean => {
        const text =
          typeof chunk === "string"
            ? typeof encoding === "string" && !/^utf-?8$/i.test(encoding)
              ? Buffer.from(chunk, encoding).toString("utf8")
              : chunk
            : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        this.print(name, text);
        const done = typeof encoding === "function" ? encoding : callback;
        if (done !== undefined) process.nextTick(done);
        return true;
      };
      Object.defineProperty(process[name], "write", { value: write, writable: true, configurable: true });
    }
  }
}
