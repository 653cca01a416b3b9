/** Messages on the wire: what is signed comes through, anything else is dropped and never throws. */
import { createHmac } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { address, parseConnection, readConnection } from "../../../kernel/protocol/connection.js";
import { type Message, Wire } from "../../../kernel/protocol/wire.js";

const message = (content: object = {}): Message => ({
  identities: [Buffer.from("client")],
  header: new Wire("k").header("execute_request"),
  parent: {},
  metadata: {},
  content: content as Message["content"],
  buffers: [],
});

describe("a message", () => {
  test("of any content and buffers comes through", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 3 }),
        fc.string(),
        (content, buffers, key) => {
          const sent = { ...message(JSON.parse(JSON.stringify(content))), buffers };
          const received = new Wire(key).decode(new Wire(key).encode(sent)) as Message;
          expect(received.content).toEqual(sent.content);
          expect(received.header).toEqual(sent.header);
          expect(received.buffers.map((buffer) => [...buffer])).toEqual(buffers.map((buffer) => [...buffer]));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("is signed as the protocol says", () => {
    const [, , signature, ...parts] = new Wire("secret").encode(message({ code: "1" }));
    const hmac = createHmac("sha256", "secret");
    for (const part of parts.slice(0, 4)) hmac.update(part);
    expect(Buffer.from(signature!).toString()).toBe(hmac.digest("hex"));
  });

  test("with another key's signature, a changed part, or a part too few is dropped", () => {
    const frames = new Wire("right").encode(message({ code: "1" }));
    expect(new Wire("wrong").decode(frames)).toBe("signature");
    for (let part = 3; part < 7; part++) {
      const changed = [...frames];
      changed[part] = Buffer.concat([changed[part]!, Buffer.from(" ")]);
      expect(new Wire("right").decode(changed)).toBe("signature");
    }
    expect(new Wire("right").decode(frames.slice(0, 6))).toBe("short");
    expect(new Wire("right").decode([])).toBe("no delimiter");
    const unsigned = [...frames];
    unsigned[2] = Buffer.from("");
    expect(new Wire("right").decode(unsigned)).toBe("signature");
  });

  test("that was seen before is dropped, also after many others", () => {
    const wire = new Wire("key");
    const first = wire.encode(message({ n: "first" }));
    expect(typeof wire.decode(first)).toBe("object");
    expect(wire.decode(first)).toBe("replayed");
    for (let n = 0; n < 33_000; n++) wire.decode(wire.encode(message({ n })));
    expect(wire.decode(first)).toBe("replayed");
  });

  test("that is signed but no message is malformed", () => {
    const wire = new Wire("key");
    const signed = (...parts: string[]) => {
      const hmac = createHmac("sha256", "key");
      for (const part of parts) hmac.update(part);
      return ["<IDS|MSG>", hmac.digest("hex"), ...parts].map((part) => Buffer.from(part));
    };
    for (const header of ["", "null", "[]", "1", "{}", '{"msg_id":1}', '{"msg_id":"a"}', "{"])
      expect(wire.decode(signed(header, "{}", "{}", "{}"))).toBe("malformed");
    expect(wire.decode(signed('{"msg_id":"a","msg_type":"b"}', "{}", "{}", "[1]"))).toBe("malformed");
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const header = `{"msg_id":"a","msg_type":"b","deep":${deep}}`;
    expect(wire.decode(signed(header, "{}", "{}", "{}"))).toBe("malformed");
  });

  test("of arbitrary frames never throws", () => {
    const wire = new Wire("key");
    const frame = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(Buffer.from("<IDS|MSG>")));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 9 }), (frames) => {
        expect(typeof wire.decode(frames)).toBe("string");
      }),
      { numRuns: process.env.JESSL_TEST_ALL === "1" ? 20_000 : 2000 },
    );
  });
});

describe("a connection file", () => {
  const valid = { shell_port: 1, control_port: 2, iopub_port: 3, stdin_port: 4, hb_port: 5, key: "k" };
  const parse = (change: object) => parseConnection(JSON.stringify({ ...valid, ...change }), "file");

  test("listens on loopback unless it says otherwise", () => {
    expect(parse({}).ip).toBe("127.0.0.1");
    expect(address(parse({}), "shell")).toBe("tcp://127.0.0.1:1");
    expect(address(parse({ ip: "localhost" }), "hb")).toBe("tcp://127.0.0.1:5");
    expect(address(parse({ ip: "0.0.0.0" }), "hb")).toBe("tcp://0.0.0.0:5");
    expect(address(parse({ ip: "::1" }), "hb")).toBe("tcp://[::1]:5");
    expect(address(parse({ transport: "ipc", ip: "/tmp/k" }), "shell")).toBe("ipc:///tmp/k-1");
  });

  test("that is wrong is told", () => {
    expect(() => parse({ shell_port: -1 })).toThrow(/shell_port/);
    expect(() => parse({ signature_scheme: "none" })).toThrow(/signature_scheme/);
    expect(() => parse({ transport: "carrier pigeon" })).toThrow(/transport/);
    expect(() => parse({ key: "", ip: "10.0.0.1" })).toThrow(/expected a key/);
    expect(parse({ key: "" }).key).toBe("");
    expect(() => parseConnection("{", "file")).toThrow(/expected JSON in file/);
    expect(() => readConnection("/nowhere/at/all", () => undefined)).toThrow(/cannot read/);
  });

  test("that others can read is warned of", () => {
    const folder = mkdtempSync(join(tmpdir(), "jessl-connection-"));
    const path = join(folder, "c.json");
    writeFileSync(path, JSON.stringify(valid));
    const warnings = (mode: number) => {
      chmodSync(path, mode);
      const heard: string[] = [];
      readConnection(path, (text) => heard.push(text));
      return heard.length;
    };
    expect([warnings(0o600), warnings(0o644), warnings(0o660)]).toEqual([0, 1, 1]);
    rmSync(folder, { recursive: true });
  });
});
