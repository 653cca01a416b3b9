/** What comes from outside without the key: never runs, never crashes the kernel, never holds it up. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await TestKernel.start();
});
afterAll(() => kernel.stop());

const code = (name: string) => `require('node:fs').writeFileSync('${name}', '')`;
const ran = (name: string) => existsSync(join(kernel.folder, name));

test("a forged message is dropped without an answer", async () => {
  for (const [i, signature] of ["", "0".repeat(64), "ff".repeat(32), "x"].entries()) {
    const frames = kernel.frames("execute_request", { code: code("forged"), silent: false }, `forged ${i}`);
    frames[1] = signature;
    for (const socket of ["shell", "control"] as const) await kernel.sendRaw(socket, frames);
  }
  const { reply } = await kernel.run("1");
  expect(reply.content.status).toBe("ok");
  expect(ran("forged")).toBe(false);
  expect(kernel.iopub.filter(({ parent }) => parent?.startsWith("forged"))).toEqual([]);
});

test("a replayed message is dropped", async () => {
  await kernel.run("let count = 0");
  const frames = kernel.frames("execute_request", { code: "count += 1", silent: true });
  for (let i = 0; i < 5; i++) await kernel.sendRaw("shell", frames);
  await kernel.sendRaw("control", frames);
  expect((await kernel.run("count")).result).toBe("1");
});

test("a signed message of another type runs nothing", async () => {
  for (const type of ["execute", "execute_reply", "debug_event", "toString", "__proto__", ""])
    await kernel.sendRaw("shell", kernel.frames(type, { code: code("odd") }));
  await kernel.run("1");
  expect(ran("odd")).toBe(false);
});

test("execute_request runs on shell only", async () => {
  await kernel.sendRaw("control", kernel.frames("execute_request", { code: code("control") }));
  await kernel.run("1");
  expect(ran("control")).toBe(false);
});

test("completion, inspection and is_complete never run what they are given", async () => {
  const text = `(() => ${code("looked")})()`;
  for (const type of ["complete_request", "inspect_request", "is_complete_request"])
    await kernel.request("shell", type, { code: text, cursor_pos: text.length, detail_level: 1 });
  expect(ran("looked")).toBe(false);
});

test("signed messages of odd content are answered or dropped, and the next one is heard", async () => {
  const odd = { toString: 1 };
  await kernel.sendRaw("stdin", kernel.frames("input_reply", { value: odd }));
  await kernel.sendRaw("shell", kernel.frames("comm_open", { comm_id: odd, target_name: odd }));
  await kernel.sendRaw(
    "shell",
    kernel.frames("history_request", { hist_access_type: "search", pattern: odd }),
  );
  // The answer repeats the number: JSON that is nested so deep can be read, but not written.
  const [mark, , ...parts] = kernel.frames("debug_request", { seq: 0, command: "debugInfo" });
  parts[3] = String(parts[3]).replace('"seq":0', `"seq":${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  await kernel.sendRaw("control", [mark!, kernel.sign(parts), ...parts]);
  expect((await kernel.run("1 + 1")).result).toBe("2");
});

test("it listens on loopback only", () => {
  const ports = new Set(Object.values(kernel.ports));
  const rows = readFileSync(`/proc/${kernel.child.pid}/net/tcp`, "utf8").trim().split("\n").slice(1);
  const listening = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => state === "0A" && ports.has(Number.parseInt(local!.split(":")[1]!, 16)));
  expect(listening).toHaveLength(5);
  for (const [, local] of listening) expect(local).toMatch(/^0100007F:/);
});

// All of 100,000 under JESSL_TEST_ALL=1.
const count = process.env.JESSL_TEST_ALL === "1" ? 100_000 : 5000;

test(`${count} frames of noise neither crash nor stall it`, async () => {
  const noise = (i: number): (Buffer | string)[] => {
    const bytes = randomBytes(8 + (i % 60));
    const right = kernel.frames("execute_request", { code: code("noise") });
    switch (i % 8) {
      case 0:
        return [bytes];
      case 1:
        return ["<IDS|MSG>", bytes, bytes, bytes, bytes, bytes];
      case 2:
        return right.slice(0, i % 6 || 1);
      case 3:
        return right.map((frame, at) => (at === 2 + (i % 4) ? bytes : frame));
      case 4:
        return [...right.slice(0, 1), bytes.toString("hex"), ...right.slice(2)];
      case 5: {
        // Signed, but nonsense within.
        const parts = [
          JSON.stringify({ msg_id: "n", msg_type: "complete_request" }),
          "{}",
          "{}",
          JSON.stringify({ code: i, cursor_pos: -i }),
        ];
        return ["<IDS|MSG>", kernel.sign(parts), ...parts];
      }
      case 6: {
        const parts = [bytes.toString("latin1"), "{}", "null", "[]"].map((part) => Buffer.from(part));
        return ["<IDS|MSG>", kernel.sign(parts), ...parts];
      }
      default:
        return Array.from({ length: i % 20 || 1 }, () => bytes.subarray(0, i % 9));
    }
  };
  const sockets = ["shell", "control", "stdin"] as const;
  for (let i = 0; i < count; i++) {
    await kernel.sendRaw(sockets[i % 3]!, noise(i));
    if (i % 1000 === 999) expect(await kernel.beats()).toBe(true);
  }
  expect((await kernel.run("6 * 7", {}, 30_000)).result).toBe("42");
  expect(ran("noise")).toBe(false);
  expect(kernel.child.exitCode).toBeNull();
}, 300_000);
