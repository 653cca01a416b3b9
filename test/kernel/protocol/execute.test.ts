/** Running cells over real sockets: replies, results, output in order, errors, and what a request may ask for. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;

beforeAll(async () => {
  kernel = await TestKernel.start();
});
afterAll(() => kernel.stop());

const state = (type: string, content: { execution_state?: string }) =>
  type === "status" ? content.execution_state : type;

describe("execute_request", () => {
  test("publishes busy, execute_input, execute_result, idle in this order, and replies", async () => {
    const { reply, iopub } = await kernel.run("20 + 22");
    expect(iopub.map(({ type, content }) => state(type, content))).toEqual([
      "busy",
      "execute_input",
      "execute_result",
      "idle",
    ]);
    const [, input, result] = iopub;
    expect(input!.content).toEqual({ code: "20 + 22", execution_count: reply.content.execution_count });
    expect(result!.content).toMatchObject({
      data: { "text/plain": "42" },
      execution_count: reply.content.execution_count,
    });
    expect(reply.type).toBe("execute_reply");
    expect(reply.content).toMatchObject({ status: "ok", payload: [], user_expressions: {} });
  });

  test("counts executions, but not silent ones nor those that are not stored", async () => {
    const count = async (options: object) =>
      (await kernel.run("1", { ...options })).reply.content.execution_count as number;
    const first = await count({});
    expect(await count({ silent: true })).toBe(first);
    expect(await count({ store_history: false })).toBe(first);
    expect(await count({})).toBe(first + 1);
  });

  test("a silent cell publishes nothing but its state and what it prints", async () => {
    const { iopub, reply } = await kernel.run("console.log('heard'); 1", { silent: true });
    expect(iopub.map(({ type }) => type)).toEqual(["status", "stream", "status"]);
    expect(reply.content.status).toBe("ok");
  });

  test("a silent cell that fails publishes no error, and its reply says what happened", async () => {
    const { iopub, reply } = await kernel.run("throw new RangeError('quiet')", { silent: true });
    expect(iopub.map(({ type }) => type)).toEqual(["status", "status"]);
    expect(reply.content).toMatchObject({ status: "error", ename: "RangeError", evalue: "quiet" });
  });

  test("user_expressions are evaluated after the cell, each with its own fault", async () => {
    const { reply } = await kernel.run("const width = 7", {
      user_expressions: {
        area: "width * 2",
        wrong: "widht",
        html: "({ [Symbol.for('Jupyter.display')]: () => 1 }, 'x')",
      },
    });
    const { area, wrong } = reply.content.user_expressions;
    expect(area).toEqual({ status: "ok", data: { "text/plain": "14" }, metadata: {} });
    expect(wrong).toMatchObject({ status: "error", ename: "ReferenceError" });
    expect(wrong.traceback.join("\n")).toContain("widht is not defined");
  });

  test("a statement, undefined and an empty cell give no result", async () => {
    for (const code of ["const unseen = 1", "undefined", "", "  \n// nothing\n"]) {
      const { result, reply } = await kernel.run(code);
      expect(reply.content.status).toBe("ok");
      expect(result).toBeUndefined();
    }
  });

  test("an error has a name, a message, and a traceback with the cell's own line", async () => {
    const { error, reply, iopub } = await kernel.run("const before = 1;\n\nthrow new RangeError('too far');");
    expect(error).toMatchObject({ ename: "RangeError", evalue: "too far" });
    expect(error!.traceback.join("\n")).toMatch(/> 3 \| throw new RangeError/);
    expect(error!.traceback.join("\n")).not.toContain("node:inspector");
    expect(reply.content).toMatchObject({ status: "error", ename: "RangeError", evalue: "too far" });
    expect(iopub.at(-1)!.content.execution_state).toBe("idle");
  });

  test("anything can be thrown", async () => {
    for (const [code, evalue] of [
      ["throw 'text'", "'text'"],
      ["throw null", "null"],
      ["throw { code: 3 }", "{ code: 3 }"],
      ["await Promise.reject(undefined)", "undefined"],
    ] as const)
      expect((await kernel.run(code)).error).toMatchObject({ evalue });
    // What throws again when it is looked at, or holds itself.
    for (const code of [
      "throw Object.defineProperty(new Error(), 'message', { get() { throw 1; } })",
      "throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw 2; } }",
      "throw new Proxy({}, { getPrototypeOf() { throw 3; }, get() { throw 4; } })",
      "const many = new AggregateError([]); many.errors.push(many, many); throw many",
      "const own: Error & { cause?: unknown } = new Error('own'); own.cause = own; throw own",
    ])
      expect((await kernel.run(code)).reply.content.status).toBe("error");
    expect((await kernel.run("1 + 1")).result).toBe("2");
  });

  test("cells that were queued when one failed are aborted", async () => {
    const first = await kernel.start("await new Promise((r) => setTimeout(r, 50)); throw new Error('stop')");
    const others = await Promise.all([kernel.start("globalThis.ran = 1"), kernel.start("2")]);
    expect((await kernel.finish(first)).reply.content.status).toBe("error");
    for (const id of others) {
      const { reply, iopub } = await kernel.finish(id);
      expect(reply.content.status).toBe("aborted");
      expect(iopub.map(({ type }) => type)).toEqual(["status", "status"]);
    }
    expect((await kernel.run("'ran' in globalThis")).result).toBe("false");
  });

  test("stop_on_error: false lets the queued cells run", async () => {
    const first = await kernel.start("throw new Error('go on')", { stop_on_error: false });
    const second = await kernel.start("'ran'");
    await kernel.finish(first);
    expect((await kernel.finish(second)).result).toBe("'ran'");
  });

  test("a request without code is answered by an error, and the kernel lives", async () => {
    const reply = await kernel.request("shell", "execute_request", { code: 7 });
    expect(reply.content.status).toBe("error");
    expect((await kernel.run("1")).result).toBe("1");
  });
});

describe("output", () => {
  test("3,000 lines of a synchronous loop arrive in order, batched, before idle", async () => {
    const { iopub, stdout } = await kernel.run("for (let i = 0; i < 3000; i++) console.log(i)");
    expect(stdout).toBe(Array.from({ length: 3000 }, (_, i) => `${i}\n`).join(""));
    expect(iopub.at(-1)!.content.execution_state).toBe("idle");
    expect(iopub.filter(({ type }) => type === "stream").length).toBeLessThan(100);
  });

  test("stdout, stderr and displays keep their order", async () => {
    const { iopub } = await kernel.run(
      "console.log('a'); console.error('b'); display('c'); process.stdout.write('d'); 'e'",
    );
    const seen = iopub.map(({ type, content }) =>
      type === "stream" ? `${content.name}:${content.text}` : (content.data?.["text/plain"] ?? type),
    );
    expect(seen.slice(2, -1)).toEqual(["stdout:a\n", "stderr:b\n", "'c'", "stdout:d", "'e'"]);
  });

  test("and a thousand times in turn", async () => {
    const { iopub } = await kernel.run("for (let i = 0; i < 1000; i++) { console.log(i); display(i) }");
    const seen = iopub.flatMap(({ type, content }) =>
      type === "stream"
        ? content.text.trim().split("\n")
        : type === "display_data"
          ? [content.data["text/plain"]]
          : [],
    );
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => String(i >> 1)));
  });

  test("what a cell prints before it computes is shown while it computes", async () => {
    const id = await kernel.start("console.log('now'); for (;;);");
    await kernel.until(
      () => kernel.iopub.find(({ parent, type }) => parent === id && type === "stream"),
      "output of the busy cell",
    );
    await kernel.request("control", "interrupt_request", {});
    await kernel.finish(id);
  });

  test("what a timer prints later belongs to the cell that set it", async () => {
    const first = await kernel.start("setTimeout(() => console.log('late'), 150); void 0");
    await kernel.finish(first);
    const { stdout } = await kernel.run("await new Promise((r) => setTimeout(r, 300)); console.log('mine')");
    expect(stdout).toBe("mine\n");
    const late = kernel.iopub.find(({ type, content }) => type === "stream" && content.text === "late\n");
    expect(late!.parent).toBe(first);
  });

  test("characters outside the basic plane and split bytes survive", async () => {
    const { stdout } = await kernel.run(
      "const bytes = Buffer.from('😀é'); for (const b of bytes) process.stdout.write(Uint8Array.of(b)); console.log('𝄞'.repeat(40000))",
    );
    expect(stdout).toBe(`😀é${"𝄞".repeat(40000)}\n`);
  });

  test("10 MB in one write arrive whole", async () => {
    const { stdout } = await kernel.run("process.stdout.write('x'.repeat(10 * 2 ** 20)); void 0");
    expect(stdout.length).toBe(10 * 2 ** 20);
  });

  test("display_data, update_display_data and clear_output", async () => {
    const { iopub } = await kernel.run(`
      const shown = display({ "text/html": "<b>1</b>", "application/x-mine": { a: [1] } }, { raw: true, id: "d1" });
      shown.update({ "text/html": "<b>2</b>" }, { raw: true });
      updateDisplay("d1", "three");
      clearOutput({ wait: true });
      shown`);
    const [first, second, third, clear, ...after] = iopub.slice(2);
    expect(first).toMatchObject({
      type: "display_data",
      content: {
        data: { "text/html": "<b>1</b>", "application/x-mine": { a: [1] } },
        transient: { display_id: "d1" },
      },
    });
    expect(second).toMatchObject({
      type: "update_display_data",
      content: { data: { "text/html": "<b>2</b>" }, transient: { display_id: "d1" } },
    });
    expect(third!.content.data["text/plain"]).toBe("'three'");
    expect(clear).toMatchObject({ type: "clear_output", content: { wait: true } });
    expect(after.map(({ type }) => type)).toEqual(["status"]);
  });

  test("an error that nobody catches is shown, and the kernel lives", async () => {
    const id = await kernel.start("setTimeout(() => { throw new Error('stray'); }, 10); void 0");
    await kernel.finish(id);
    const stray = await kernel.until(
      () => kernel.iopub.find(({ type, content }) => type === "stream" && /stray/.test(content.text)),
      "stray error",
    );
    expect(stray).toMatchObject({ parent: id, content: { name: "stderr" } });
    expect((await kernel.run("void Promise.reject(new Error('unheard')); 5")).result).toBe("5");
  });
});
