/** The ring of printed text: whatever is written is read, in order, by parent and stream, also when it wraps. */
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocateRing, RingReader, RingWriter, type StreamName } from "../../../kernel/protocol/ring.js";

describe("the ring", () => {
  test("gives back what was written, merged by parent and stream", () => {
    const piece = fc.record({
      parent: fc.integer({ min: 1, max: 3 }),
      stream: fc.constantFrom<StreamName>("stdout", "stderr"),
      text: fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const memory = allocateRing(2048);
        const writer = new RingWriter(memory, () => undefined);
        const reader = new RingReader(memory);
        const seen: string[] = [];
        const wanted: string[] = [];
        for (const { parent, stream, text } of pieces) {
          writer.write(parent, stream, text);
          wanted.push(...[...text].map((character) => `${parent} ${stream} ${character}`));
          for (let part = reader.take(reader.end, 100); part; part = reader.take(reader.end, 100))
            for (const character of part.text) seen.push(`${part.parent} ${part.stream} ${character}`);
        }
        expect(seen).toEqual(wanted);
        expect(reader.isReadTo(writer.position)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("reads no further than it is asked to", () => {
    const memory = allocateRing(1024);
    const writer = new RingWriter(memory, () => undefined);
    const reader = new RingReader(memory);
    writer.write(1, "stdout", "before");
    const position = writer.position;
    writer.write(1, "stdout", "after");
    expect(reader.take(position, 1000)!.text).toBe("before");
    expect(reader.take(position, 1000)).toBeUndefined();
  });

  test("does not pass the place of a message that has not arrived", () => {
    const memory = allocateRing(1024);
    const writer = new RingWriter(memory, () => undefined);
    const reader = new RingReader(memory);
    writer.write(1, "stdout", "before");
    const position = writer.mark();
    writer.write(1, "stdout", "after");
    expect(reader.take(reader.end, 1000, true)!.text).toBe("before");
    expect(reader.take(reader.end, 1000, true)).toBeUndefined();
    expect(reader.take(position, 1000)).toBeUndefined();
    expect(reader.take(reader.end, 1000, true)!.text).toBe("after");
  });

  test("makes a writer wait for room and loses nothing", async () => {
    const memory = allocateRing(4096);
    const source = `
      const { workerData, parentPort } = require("node:worker_threads");
      import(workerData.ring).then(({ RingWriter }) => {
        const writer = new RingWriter(workerData.memory, () => undefined);
        for (let i = 0; i < 20000; i++) writer.write(1, "stdout", i + "\\n");
        parentPort.postMessage("done");
      });`;
    const ring = new URL("../../../dist/kernel/protocol/ring.js", import.meta.url).href;
    const worker = new Worker(source, { eval: true, workerData: { memory, ring } });
    let done = false;
    worker.on("message", () => {
      done = true;
    });
    const reader = new RingReader(memory);
    let text = "";
    while (!done || !reader.isReadTo(reader.end)) {
      const part = reader.take(reader.end, 1000);
      if (part === undefined) await new Promise((resolve) => setImmediate(resolve));
      else text += part.text;
    }
    expect(text).toBe(Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(""));
    await worker.terminate();
  });

  test("lets a writer go when it is closed", () => {
    const memory = allocateRing(64);
    const writer = new RingWriter(memory, () => undefined);
    new RingReader(memory).close();
    writer.write(1, "stdout", "x".repeat(1000));
  });
});
