/** A front end that listens to iopub and does not read: the others, the kernel and its memory do not suffer. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Subscriber } from "zeromq";
import { Sockets } from "../../../kernel/protocol/sockets.js";
import { TestKernel } from "../support/client.js";

test("another front end gets every line, and the cell ends", { timeout: 90_000 }, async () => {
  const kernel = await TestKernel.start();
  const stalled = new Subscriber({ linger: 0, receiveHighWaterMark: 1 });
  try {
    stalled.connect(`tcp://127.0.0.1:${kernel.ports.iopub_port}`);
    stalled.subscribe();
    const code =
      "for (let i = 0; i < 400; i += 1) console.log(i + ':' + 'x'.repeat(50_000)); display('end'); 7";
    const { stdout, result } = await kernel.run(code, {}, 60_000);
    expect(result).toBe("7");
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => Number(line.split(":")[0]))).toEqual([...lines.keys()]);
    expect(lines).toHaveLength(400);
    expect(lines.every((line) => line.endsWith("x".repeat(50_000)))).toBe(true);
    expect(await kernel.beats()).toBe(true);
  } finally {
    stalled.close();
    await kernel.stop();
  }
});

test("what is kept for one that does not read is bounded", { timeout: 90_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-slow-"));
  const sockets = new Sockets("key", 100);
  const stalled = new Subscriber({ linger: 0, receiveHighWaterMark: 1 });
  try {
    const connection = {
      transport: "ipc" as const,
      ip: join(folder, "s"),
      ...{ shell_port: 1, control_port: 2, iopub_port: 3, stdin_port: 4, hb_port: 5 },
      ...{ key: "key", signature_scheme: "hmac-sha256" as const },
    };
    await sockets.listen(connection, { request: () => undefined, input: () => undefined });
    stalled.connect(`ipc://${join(folder, "s")}-3`);
    stalled.subscribe();
    const publish = async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        sockets.publish(undefined, "stream", { name: "stdout", text: String(i % 10).repeat(2 ** 16) });
        await sockets.room();
      }
    };
    // The pipe is filled; 250 MiB that nobody reads must go by.
    await publish(500);
    const before = process.memoryUsage.rss();
    await publish(4000);
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(100);
  } finally {
    stalled.close();
    await sockets.close();
    rmSync(folder, { recursive: true });
  }
});
