/** Interrupts: whatever a cell does, it ends, the kernel answers meanwhile, and the next cell runs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;

beforeAll(async () => {
  kernel = await TestKernel.start();
  await kernel.run("let kept = 41; let step = 0");
});
afterAll(() => kernel.stop());

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Starts a cell, waits until it runs, interrupts it, and gives what came of it. */
async function interrupted(code: string, after = 100) {
  const id = await kernel.start(
    code === "" ? "%%bash\necho runs; sleep 30" : `console.log("runs");\n${code}`,
  );
  await kernel.until(
    () => kernel.iopub.find(({ parent, type }) => parent === id && type === "stream"),
    "output of the cell",
  );
  await pause(after);
  const reply = await kernel.request("control", "interrupt_request", {});
  expect(reply).toMatchObject({ type: "interrupt_reply", content: { status: "ok" } });
  const before = performance.now();
  const result = await kernel.finish(id, 5000);
  expect(performance.now() - before).toBeLessThan(4000);
  return result;
}

describe("interrupt_request", () => {
  const forms: [name: string, code: string][] = [
    ["a busy loop", "while (true) {}"],
    ["a busy loop within a function", "const spin = () => { for (;;) step++; }; spin()"],
    ["an awaiting cell", "await new Promise(() => {})"],
    ["an awaiting function", "const wait = async () => { await new Promise(() => {}); }; await wait()"],
    ["a busy loop after an await", "await new Promise((r) => setTimeout(r, 10)); while (true) {}"],
    ["a loop of awaits", "for (;;) await new Promise((r) => setTimeout(r, 5))"],
    ["a loop of microtasks", "for (;;) await null"],
    [
      "a loop of microtasks in a function",
      "const spin2 = async () => { for (;;) await null; }; await spin2()",
    ],
    [
      "for await over an endless generator",
      "async function* ticks() { for (let i = 0; ; i++) { yield i; await new Promise((r) => setTimeout(r, 5)); } }\nfor await (const _ of ticks()) step++;",
    ],
    ["a loop that catches everything", "for (;;) { try { while (true) {} } catch {} }"],
    ["a prompt", "prompt('?')"],
    ["an awaited input", "await input('?')"],
    ["a program that blocks", "require('node:child_process').execSync('sleep 30')"],
    ["a wait on shared memory", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"],
    ["%%bash", ""],
  ];
  test.each(forms)("ends %s, and the kernel goes on", async (_name, code) => {
    const { error, reply } = await interrupted(code);
    expect(reply.content.status).toBe("error");
    expect(error!.ename).toMatch(/InterruptError|Error/);
    expect((await kernel.run("kept + 1")).result).toBe("42");
  });
});

describe("interrupts one after the other", () => {
  // V8 may end a microtask anywhere, also between two of Node's own steps: often enough to meet them all.
  test("of loops of microtasks leave a kernel that works", async () => {
    for (let i = 0; i < 30; i++) {
      const { error } = await interrupted("for (;;) await null", 3 * i);
      expect(error!.ename).toBe("InterruptError");
    }
    expect((await kernel.run("kept")).result).toBe("41");
  }, 60_000);
});

describe("a comm's handler that does not end", () => {
  test("is ended, and answered for", async () => {
    await kernel.run("jupyter.comms.register('endless', () => { console.log('in'); while (true) {} })");
    const id = await kernel.send("shell", "comm_open", { comm_id: "e", target_name: "endless", data: {} });
    await kernel.until(
      () => kernel.iopub.find(({ parent, type }) => parent === id && type === "stream"),
      "output of the handler",
    );
    await kernel.request("control", "interrupt_request", {});
    expect((await kernel.run("kept")).result).toBe("41");
  });
});

describe("timers that run away", () => {
  test("a repeating timer that blocks is stopped while no cell runs", async () => {
    await kernel.run("let ticks = 0; setInterval(() => { ticks++; while (true) {} }, 10); void 0");
    await pause(200);
    await kernel.request("control", "interrupt_request", {});
    await pause(400);
    const ticks = async () => Number((await kernel.run("ticks")).result);
    const before = await ticks();
    await pause(100);
    expect(await ticks()).toBe(before);
  });

  test("and while a cell waits for its turn", async () => {
    await kernel.run("setInterval(() => { while (true) {} }, 10); void 0");
    await pause(100);
    const id = await kernel.start("'reached'");
    await pause(200);
    await kernel.request("control", "interrupt_request", {});
    await kernel.finish(id, 5000);
    expect((await kernel.run("'usable'")).result).toBe("'usable'");
  });

  test("timers that set themselves again are stopped, too", async () => {
    await kernel.run("let rounds = 0; const again = () => { rounds++; setTimeout(again, 5); }; again()");
    await pause(50);
    await kernel.request("control", "interrupt_request", {});
    const rounds = async () => Number((await kernel.run("rounds")).result);
    const before = await rounds();
    expect(before).toBeGreaterThan(1);
    await pause(100);
    expect(await rounds()).toBe(before);
  });
});

describe("an idle kernel", () => {
  test("is not hurt by interrupts", async () => {
    for (let i = 0; i < 3; i++) await kernel.request("control", "interrupt_request", {});
    await pause(300);
    expect((await kernel.run("kept")).result).toBe("41");
  });

  test("takes SIGINT as an interrupt", async () => {
    kernel.child.kill("SIGINT");
    await pause(300);
    expect((await kernel.run("kept")).result).toBe("41");
    const id = await kernel.start("console.log('in'); while (true) {}");
    await kernel.until(
      () => kernel.iopub.find(({ parent, type }) => parent === id && type === "stream"),
      "output",
    );
    kernel.child.kill("SIGINT");
    expect((await kernel.finish(id)).error!.ename).toBe("InterruptError");
  });
});

describe("a busy kernel", () => {
  test("answers heartbeat, control, completion and history while a cell blocks it", async () => {
    const id = await kernel.start("console.log('in'); while (true) {}");
    await kernel.until(
      () => kernel.iopub.find(({ parent, type }) => parent === id && type === "stream"),
      "output",
    );
    expect(await kernel.beats()).toBe(true);
    expect((await kernel.request("control", "kernel_info_request", {})).content.status).toBe("ok");
    const completion = await kernel.request("shell", "complete_request", { code: "kep", cursor_pos: 3 });
    expect(completion.content.matches).toContain("kept");
    const history = await kernel.request("shell", "history_request", { hist_access_type: "tail", n: 1 });
    expect(history.content.history[0][2]).toContain("while (true)");
    await kernel.request("control", "interrupt_request", {});
    await kernel.finish(id);
  });
});

describe("a cell that watches jupyter.signal", () => {
  test("ends after its running step, however long that blocks, and keeps its state", async () => {
    const { error } = await interrupted(`
      const { signal } = jupyter;
      const block = (ms: number) => { const end = Date.now() + ms; while (Date.now() < end); };
      const train = async (limit: AbortSignal) => {
        while (!limit.aborted) { step = -1; block(400); step = 7; await new Promise((r) => setImmediate(r)); }
        return { finished: false };
      };
      const outcome = await train(signal);`);
    expect(error!.ename).toBe("InterruptError");
    expect((await kernel.run("[step, outcome.finished]")).result).toBe("[ 7, false ]");
  });

  test("is ended at once by a second interrupt", async () => {
    const id = await kernel.start("jupyter.signal; console.log('in'); while (true) {}");
    await kernel.until(
      () => kernel.iopub.find(({ parent, type }) => parent === id && type === "stream"),
      "output",
    );
    await kernel.request("control", "interrupt_request", {});
    await pause(400);
    expect(kernel.iopub.some(({ parent, type }) => parent === id && type === "error")).toBe(false);
    await kernel.request("control", "interrupt_request", {});
    expect((await kernel.finish(id, 3000)).error!.ename).toBe("InterruptError");
  });
});
