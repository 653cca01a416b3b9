/**
 * What the evaluation thread publishes, on its way to the front ends: printed text from the ring in batches, and messages,
 * each after the text that was printed before it. It knows the requests by the numbers that the evaluation thread uses.
 */
import type { ToProtocol } from "./channel.js";
import { RingReader } from "./ring.js";
import type { Sockets } from "./sockets.js";
import type { Message } from "./wire.js";

type Event = Exclude<ToProtocol, { type: "wake" } | { type: "interrupt seen" }>;
type InputEvent = Extract<Event, { type: "input" }>;

/** What came of a request that was handed to the evaluation thread. */
export type Outcome = Pick<Extract<ToProtocol, { type: "done" }>, "reply" | "timing">;

const batchMilliseconds = 25;
const batchBytes = 1 << 16;
const keptParents = 4096;

/** Relays from the evaluation thread to iopub. */
export class Relay {
  private readonly sockets: Sockets;
  private readonly ring: RingReader;
  private readonly onInput: (parent: Message, event: InputEvent) => void;
  private readonly parents = new Map<number, Message>();
  private readonly waiting = new Map<number, (outcome: Outcome) => void>();
  private readonly events: Event[] = [];
  private lastParent = 0;
  private arrived: () => void = () => undefined;
  private closing = false;

  constructor(
    sockets: Sockets,
    ring: SharedArrayBuffer,
    onInput: (parent: Message, event: InputEvent) => void,
  ) {
    this.sockets = sockets;
    this.ring = new RingReader(ring);
    this.onInput = onInput;
  }

  /** Gives a request the number by which the evaluation thread knows it. */
  remember(message: Message): number {
    this.lastParent += 1;
    // The content is not kept: only the header and the way back are needed later.
    this.parents.set(this.lastParent, { ...message, content: {}, buffers: [] });
    this.parents.delete(this.lastParent - keptParents);
    return this.lastParent;
  }

  /** What will come of the request with this number, after all that was published for it. */
  outcome(parent: number): Promise<Outcome> {
    return new Promise((resolve) => this.waiting.set(parent, resolve));
  }

  /** Takes a message of the evaluation thread. */
  take(message: Event | { type: "wake" }): void {
    if (message.type !== "wake") this.events.push(message);
    this.arrived();
  }

  /** Relays until it is closed. */
  async run(): Promise<void> {
    while (!this.closing) {
      const event = this.events.shift();
      if (event !== undefined) {
        await this.drain(event.at);
        await this.sockets.room(64);
        this.onEvent(event);
        continue;
      }
      const arrival = new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
      if (this.ring.sleep()) {
        await arrival;
        if (this.events.length > 0) continue;
      }
      await Promise.race([arrival, new Promise((resolve) => setTimeout(resolve, batchMilliseconds))]);
      if (this.events.length === 0) await this.drain(this.ring.end, true);
    }
  }

  /** Relays what has been printed, and ends. */
  async close(): Promise<void> {
    await this.drain(this.ring.end);
    this.closing = true;
    this.ring.close();
  }

  // With `stop`, not beyond the place of a message that has been posted but has not arrived.
  private async drain(position: number, stop = false): Promise<void> {
    while (!this.ring.isReadTo(position)) {
      const printed = this.ring.take(position, batchBytes, stop);
      if (printed === undefined) return;
      const { parent, stream, text } = printed;
      this.sockets.publish(this.parents.get(parent), "stream", { name: stream, text });
      await this.sockets.room();
    }
  }

  private onEvent(event: Event): void {
    const parent = this.parents.get(event.parent);
    if (event.type === "publish") {
      this.sockets.publish(parent, event.kind, event.content, event.metadata, event.buffers);
    } else if (event.type === "done") {
      this.waiting.get(event.parent)?.(event);
      this.waiting.delete(event.parent);
    } else if (parent !== undefined) this.onInput(parent, event);
  }
}
