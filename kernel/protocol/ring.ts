/**
 * The ring of printed text between the two threads. The evaluation thread writes stdout and stderr into shared
 * memory; the protocol thread reads from it whenever it likes. So a cell that prints and then computes for a minute
 * shows its lines at once, although its thread never returns to an event loop; and a cell that prints faster than the
 * socket sends waits for room, so that memory stays bounded and no line is lost.
 *
 * Layout: a control block of Int32 (written and read positions modulo 2³², a flag that the reader sleeps), then the
 * bytes. A record is [parent: uint32, stream: uint32, length: uint32, UTF-8 bytes], padded to 4 bytes; it may wrap. An
 * empty record of stream 2 is a mark: here a message was posted, and what follows must not be read before it has arrived.
 */
const written = 0;
const read = 1;
const asleep = 2;
const closed = 3;
const controlBytes = 16;
const headerBytes = 12;
const mark = 2;

/** The streams by number. */
export const streams = ["stdout", "stderr"] as const;
export type StreamName = (typeof streams)[number];

/** A piece of printed text. */
export interface Printed {
  parent: number;
  stream: StreamName;
  text: string;
}

/** Shared memory for a ring of `size` bytes, a power of two. */
export function allocateRing(size = 1 << 22): SharedArrayBuffer {
  if ((size & (size - 1)) !== 0) throw new RangeError(`ring size: expected a power of two, got ${size}`);
  return new SharedArrayBuffer(controlBytes + size);
}

class Ring {
  protected readonly control: Int32Array;
  protected readonly bytes: Uint8Array;
  protected readonly mask: number;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, controlBytes / 4);
    this.bytes = new Uint8Array(memory, controlBytes);
    this.mask = this.bytes.length - 1;
  }
}

/** The evaluation thread's end. */
export class RingWriter extends Ring {
  private readonly encoder = new TextEncoder();
  private readonly scratch = new Uint8Array(1 << 16);
  private readonly header = new Uint32Array(3);
  private readonly headerView = new Uint8Array(this.header.buffer);
  private readonly wake: () => void;

  /** `wake` is called when the reader sleeps and there is something to read. */
  constructor(memory: SharedArrayBuffer, wake: () => void) {
    super(memory);
    this.wake = wake;
  }

  /** The position behind the last record: what is printed before a message is up to here. */
  get position(): number {
    return Atomics.load(this.control, written) >>> 0;
  }

  /** Appends text; waits while the ring is full. */
  write(parent: number, stream: StreamName, text: string): void {
    let rest = text;
    while (rest.length > 0) {
      const result = this.encoder.encodeInto(rest, this.scratch);
      const taken = result.read ?? 0;
      if (taken === 0) return;
      this.append(parent, streams.indexOf(stream), this.scratch, result.written ?? 0);
      rest = rest.length === taken ? "" : rest.slice(taken);
    }
  }

  /** Marks the place of a message that is about to be posted; its position. */
  mark(): number {
    this.append(0, mark, this.scratch, 0);
    return this.position;
  }

  private append(parent: number, stream: number, bytes: Uint8Array, length: number): void {
    const size = (headerBytes + length + 3) & ~3;
    const start = Atomics.load(this.control, written);
    for (;;) {
      const tail = Atomics.load(this.control, read);
      if (((start - tail) | 0) + size <= this.bytes.length) break;
      this.rouse();
      if (Atomics.load(this.control, closed) === 1) return;
      Atomics.wait(this.control, read, tail, 1000);
    }
    this.header[0] = parent;
    this.header[1] = stream;
    this.header[2] = length;
    this.put(start, this.headerView, headerBytes);
    this.put(start + headerBytes, bytes, length);
    Atomics.store(this.control, written, (start + size) | 0);
    this.rouse();
  }

  private put(position: number, source: Uint8Array, length: number): void {
    const at = position & this.mask;
    const first = Math.min(length, this.bytes.length - at);
    this.bytes.set(first === source.length ? source : source.subarray(0, first), at);
    if (first < length) this.bytes.set(source.subarray(first, length), 0);
  }

  private rouse(): void {
    if (Atomics.compareExchange(this.control, asleep, 1, 0) === 1) this.wake();
  }
}

/** The protocol thread's end. */
export class RingReader extends Ring {
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private readonly words: Int32Array;
  private scratch = new Uint8Array(1 << 18);

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    this.words = new Int32Array(memory, controlBytes);
  }

  /** The position behind the last record written so far. */
  get end(): number {
    return Atomics.load(this.control, written) >>> 0;
  }

  /** Whether everything up to `position` has been read. */
  isReadTo(position: number): boolean {
    return ((position - Atomics.load(this.control, read)) | 0) <= 0;
  }

  /** Says that the reader sleeps; false if there is something to read after all. */
  sleep(): boolean {
    Atomics.store(this.control, asleep, 1);
    if (this.isReadTo(this.end)) return true;
    Atomics.store(this.control, asleep, 0);
    return false;
  }

  /** Nobody reads any more: the writer must not wait. */
  close(): void {
    Atomics.store(this.control, closed, 1);
    Atomics.notify(this.control, read);
  }

  /**
   * Takes records of one parent and stream, up to `position` and about `limit` bytes; undefined if none. Marks are passed
   * over, or with `stop` not passed.
   */
  take(position: number, limit: number, stop = false): Printed | undefined {
    let tail = Atomics.load(this.control, read);
    let parent = -1;
    let stream = -1;
    let length = 0;
    while (((position - tail) | 0) > 0 && length < limit) {
      const [from, kind, size] = [this.word(tail), this.word(tail + 4), this.word(tail + 8)];
      if (kind === mark) {
        if (stop) break;
        tail = (tail + headerBytes) | 0;
        continue;
      }
      if (parent === -1) [parent, stream] = [from, kind];
      else if (parent !== from || stream !== kind) break;
      if (length + size > this.scratch.length) this.grow(length + size);
      this.copy(tail + headerBytes, size, length);
      length += size;
      tail = (tail + ((headerBytes + size + 3) & ~3)) | 0;
    }
    const text = this.decoder.decode(this.scratch.subarray(0, length));
    Atomics.store(this.control, read, tail);
    Atomics.notify(this.control, read);
    if (parent === -1) return undefined;
    return { parent, stream: streams[stream === 1 ? 1 : 0], text };
  }

  private word(position: number): number {
    return this.words[(position & this.mask) >> 2]! >>> 0;
  }

  private copy(position: number, size: number, to: number): void {
    const at = position & this.mask;
    const first = Math.min(size, this.bytes.length - at);
    this.scratch.set(this.bytes.subarray(at, at + first), to);
    if (first < size) this.scratch.set(this.bytes.subarray(0, size - first), to + first);
  }

  private grow(size: number): void {
    const larger = new Uint8Array(size * 2);
    larger.set(this.scratch);
    this.scratch = larger;
  }
}
