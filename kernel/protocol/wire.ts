/**
 * Messages on the wire: identities, a delimiter, an HMAC-SHA-256 signature, and four JSON parts (header, parent
 * header, metadata, content), then binary buffers. What comes from a socket is untrusted: `decode` returns the
 * message or the reason for dropping it, and never throws. A replayed message carries a signature that was seen
 * before and is dropped as well.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/** The protocol version of this kernel. */
export const protocolVersion = "5.4";

/** A JSON object. */
export type Json = { [key: string]: unknown };

/** The header of a message. */
export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
  subshell_id?: string | null;
}

/** A message that came in, or goes out. */
export interface Message {
  identities: Uint8Array[];
  header: Header;
  parent: Header | Record<string, never>;
  metadata: Json;
  content: Json;
  buffers: Uint8Array[];
}

/** A message that goes out; metadata and content may be JSON already. */
export type Outgoing = Omit<Message, "metadata" | "content"> & {
  metadata: Json | string;
  content: Json | string;
};

/** Why a set of frames was dropped. */
export type Fault = "no delimiter" | "short" | "signature" | "replayed" | "malformed" | "too large";

const delimiter = Buffer.from("<IDS|MSG>");
const maximalParts = 1 << 28;

/** Signs and reads messages with one key; remembers the signatures of the last messages. */
export class Wire {
  private readonly key: string;
  private readonly session: string;
  private recent = new Set<string>();
  private older = new Set<string>();

  constructor(key: string, session: string = randomUUID()) {
    this.key = key;
    this.session = session;
  }

  /** Reads the frames of one message that came from outside. */
  decode(frames: readonly Uint8Array[]): Message | Fault {
    const split = frames.findIndex((frame) => delimiter.equals(frame));
    if (split < 0) return "no delimiter";
    const parts = frames.slice(split + 2, split + 6);
    const signature = frames[split + 1];
    if (parts.length < 4 || signature === undefined) return "short";
    if (parts.some((part) => part.length > maximalParts)) return "too large";
    if (this.key !== "") {
      const wanted = Buffer.from(this.sign(parts));
      if (signature.length !== wanted.length || !timingSafeEqual(signature, wanted)) return "signature";
      if (this.isReplayed(wanted.toString("latin1"))) return "replayed";
    }
    try {
      const [header, parent, metadata, content] = parts.map((part) => {
        const value: unknown = JSON.parse(Buffer.from(part).toString("utf8"));
        if (typeof value !== "object" || value === null || Array.isArray(value))
          throw new TypeError("object");
        return value as Json;
      }) as [Json, Json, Json, Json];
      if (typeof header.msg_id !== "string" || typeof header.msg_type !== "string") return "malformed";
      // Every answer repeats it: one that is nested too deep can be read, but not written.
      JSON.stringify(header);
      return {
        identities: frames.slice(0, split) as Uint8Array[],
        header: header as unknown as Header,
        parent: parent as Message["parent"],
        metadata,
        content,
        buffers: frames.slice(split + 6) as Uint8Array[],
      };
    } catch {
      return "malformed";
    }
  }

  /** The frames of a message that goes out. */
  encode(message: Outgoing): Uint8Array[] {
    const parts = [message.header, message.parent, message.metadata, message.content].map((part) =>
      Buffer.from(typeof part === "string" ? part : JSON.stringify(part)),
    );
    return [
      ...message.identities,
      delimiter,
      Buffer.from(this.key === "" ? "" : this.sign(parts)),
      ...parts,
      ...message.buffers,
    ];
  }

  /** A new header of this session. */
  header(type: string): Header {
    return {
      msg_id: randomUUID(),
      msg_type: type,
      session: this.session,
      username: "kernel",
      date: new Date().toISOString(),
      version: protocolVersion,
    };
  }

  private sign(parts: readonly Uint8Array[]): string {
    const hmac = createHmac("sha256", this.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  // Two generations of 32,768: at least that many messages back are remembered, and the memory is bounded.
  private isReplayed(signature: string): boolean {
    if (this.recent.has(signature) || this.older.has(signature)) return true;
    this.recent.add(signature);
    if (this.recent.size >= 32768) {
      this.older = this.recent;
      this.recent = new Set();
    }
    return false;
  }
}
