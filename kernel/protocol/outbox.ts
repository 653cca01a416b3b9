/**
 * One first-in-first-out queue per socket, with an awaited send: ZeroMQ for Node takes one send at a time and throws
 * EBUSY for a second one. `room()` lets a producer wait until the queue is short, so that output is never lost and
 * never piles up.
 */
interface Sender {
  send(frames: Uint8Array[]): Promise<void>;
}

/** The outgoing side of a socket. */
export class Outbox {
  private readonly socket: Sender;
  private queue: Uint8Array[][] = [];
  private waiting = 0;
  private sending: Promise<void> | undefined;

  constructor(socket: Sender) {
    this.socket = socket;
  }

  /** Appends a message. */
  post(frames: Uint8Array[]): void {
    this.queue.push(frames);
    this.waiting += 1;
    this.sending ??= this.run();
  }

  /** Resolves when everything posted so far has been handed to ZeroMQ. */
  async flushed(): Promise<void> {
    while (this.sending !== undefined) await this.sending;
  }

  /** Resolves when fewer than `length` messages wait. */
  async room(length = 16): Promise<void> {
    while (this.waiting >= length) await new Promise((resolve) => setImmediate(resolve));
  }

  private async run(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue;
      this.queue = [];
      for (const frames of batch) {
        try {
          await this.socket.send(frames);
        } catch {
          // The peer has gone or the socket is closed: a kernel must not die of that.
        }
        this.waiting -= 1;
      }
    }
    this.sending = undefined;
  }
}
