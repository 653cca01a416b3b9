/** Every request that needs no running cell, comms and questions to the user, over real sockets. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../../src/support/package.js";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;

beforeAll(async () => {
  kernel = await TestKernel.start();
});
afterAll(() => kernel.stop());

const ask = async (type: string, content: object) =>
  (await kernel.request("shell", type, content as { [key: string]: unknown })).content;

describe("kernel_info_request", () => {
  test.each(["shell", "control"] as const)("is answered on %s", async (socket) => {
    const { type, content } = await kernel.request(socket, "kernel_info_request", {});
    expect(type).toBe("kernel_info_reply");
    expect(content).toMatchObject({
      status: "ok",
      protocol_version: "5.4",
      implementation: "jessl",
      language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/typescript" },
    });
    const read = (path: string) => JSON.parse(readFileSync(join(packageRoot, path), "utf8"));
    expect(content.implementation_version).toBe(read("package.json").version);
    expect(content.language_info.version).toBe(read("node_modules/typescript/package.json").version);
  });

  test("its state messages carry it as their parent", async () => {
    const id = await kernel.send("shell", "kernel_info_request", {});
    const messages = await kernel.idle(id);
    expect(messages.map(({ content }) => content.execution_state)).toEqual(["busy", "idle"]);
  });
});

describe("is_complete_request", () => {
  const cases: [code: string, status: string, indent?: string][] = [
    ["const a = 1", "complete"],
    ["", "complete"],
    ["function f() {", "incomplete", "  "],
    ["if (true) {\n  f(", "incomplete", "    "],
    ["`open", "incomplete", ""],
    ["/* open", "incomplete", ""],
    ["const a = [1,", "incomplete"],
    ["await Promise.all([", "incomplete"],
    ["a +", "incomplete"],
    ["const = 3", "invalid"],
    ["}", "invalid"],
    ["let x y", "invalid"],
    ["%%bash\necho", "incomplete"],
    ["%%bash\necho\n", "complete"],
    ["%env HOME", "complete"],
    ["const s = 'open", "invalid"],
    ["for await (const x of y) x", "complete"],
  ];
  test.each(cases)("%j is %s", async (code, status, indent) => {
    const reply = await ask("is_complete_request", { code });
    expect(reply.status).toBe(status);
    if (indent !== undefined) expect(reply.indent).toBe(indent);
  });
});

describe("complete_request", () => {
  test("counts the cursor in code points", async () => {
    const code = "const 𝄞x = '😀'; conso";
    const reply = await ask("complete_request", { code, cursor_pos: [...code].length });
    expect(reply).toMatchObject({
      status: "ok",
      matches: ["console"],
      cursor_start: [...code].length - 5,
      cursor_end: [...code].length,
    });
  });

  test("without a cursor, completes at the end", async () => {
    expect((await ask("complete_request", { code: "consol" })).matches).toEqual(["console"]);
  });

  test("of something that is no text is an error", async () => {
    expect((await ask("complete_request", { code: 3 })).status).toBe("error");
  });
});

describe("inspect_request", () => {
  test("finds type and documentation, or says that it finds nothing", async () => {
    const found = await ask("inspect_request", { code: "[1].map", cursor_pos: 6, detail_level: 0 });
    expect(found).toMatchObject({ status: "ok", found: true });
    expect(found.data["text/plain"]).toContain("map<U>");
    expect(found.data["text/plain"]).toContain("Calls a defined callback function");
    const nothing = await ask("inspect_request", { code: "   ", cursor_pos: 1, detail_level: 0 });
    expect(nothing).toMatchObject({ status: "ok", found: false, data: {} });
  });
});

describe("history_request", () => {
  test("range, tail and search within a session", async () => {
    const codes = ["'h one'", "'h two'", "'h three'", "'h two'"];
    const counts: number[] = [];
    for (const code of codes) counts.push((await kernel.run(code)).reply.content.execution_count);
    await kernel.run("'h hidden'", { store_history: false });
    const history = async (content: object) =>
      (await ask("history_request", { output: false, raw: true, ...content })).history as [
        number,
        number,
        unknown,
      ][];
    const tail = await history({ hist_access_type: "tail", n: 3 });
    expect(tail.map(([, line, input]) => [line, input])).toEqual(
      codes.slice(1).map((code, i) => [counts[i + 1], code]),
    );
    const range = await history({ hist_access_type: "range", session: 0, start: counts[0], stop: counts[2] });
    expect(range.map(([, , input]) => input)).toEqual(codes.slice(0, 2));
    const search = async (content: object) =>
      (await history({ hist_access_type: "search", ...content })).map(([, , input]) => input);
    expect(await search({ pattern: "*h t*" })).toEqual(["'h two'", "'h three'", "'h two'"]);
    expect(await search({ pattern: "*h t*", unique: true })).toEqual(["'h three'", "'h two'"]);
    expect(await search({ pattern: "*h t*", n: 1 })).toEqual(["'h two'"]);
    expect(await search({ pattern: "?h one?" })).toEqual(["'h one'"]);
    expect(await search({ pattern: "h one" })).toEqual([]);
    const outputs = await history({ hist_access_type: "tail", n: 1, output: true });
    expect(outputs[0]![2]).toEqual(["'h two'", null]);
  });
});

describe("comms", () => {
  test("a target that is not registered is closed at once", async () => {
    const id = await kernel.send("shell", "comm_open", { comm_id: "c0", target_name: "nobody", data: {} });
    const [, close] = await kernel.idle(id);
    expect(close).toMatchObject({ type: "comm_close", content: { comm_id: "c0" } });
  });

  test("a registered target receives and answers, with buffers, until it is closed", async () => {
    await kernel.run(`
      jupyter.comms.register("echo", (comm, data) => {
        comm.send({ opened: data });
        comm.onMessage((message, buffers) => comm.send({ heard: message, bytes: buffers.length }, buffers));
        comm.onClose(() => console.log("closed"));
      });`);
    const opened = await kernel.idle(
      await kernel.send("shell", "comm_open", { comm_id: "c1", target_name: "echo", data: { a: 1 } }),
    );
    expect(opened[1]).toMatchObject({
      type: "comm_msg",
      content: { comm_id: "c1", data: { opened: { a: 1 } } },
    });
    const info = await ask("comm_info_request", { target_name: "echo" });
    expect(info).toEqual({ status: "ok", comms: { c1: { target_name: "echo" } } });
    expect((await ask("comm_info_request", { target_name: "other" })).comms).toEqual({});
    const frames = kernel.frames("comm_msg", { comm_id: "c1", data: { b: 2 } }, "message-1");
    await kernel.sendRaw("shell", [...frames, Buffer.from([1, 2, 3])]);
    const [, answer] = await kernel.idle("message-1");
    expect(answer!.content.data).toEqual({ heard: { b: 2 }, bytes: 1 });
    expect([...answer!.buffers[0]!]).toEqual([1, 2, 3]);
    const closed = await kernel.idle(await kernel.send("shell", "comm_close", { comm_id: "c1", data: {} }));
    expect(closed[1]!.content.text).toBe("closed\n");
    expect((await ask("comm_info_request", {})).comms).toEqual({});
  });

  test("a cell opens a comm, sends and closes", async () => {
    const { iopub } = await kernel.run(
      "{ const comm = jupyter.comms.open('panel', { x: 1 }, { version: '2' }); comm.send({ y: 2 }); comm.close(); }",
    );
    const sent = iopub.filter(({ type }) => type.startsWith("comm_"));
    expect(sent.map(({ type }) => type)).toEqual(["comm_open", "comm_msg", "comm_close"]);
    expect(sent[0]).toMatchObject({
      content: { target_name: "panel", data: { x: 1 } },
      metadata: { version: "2" },
    });
  });

  test("a handler that throws is shown on stderr, and the kernel lives", async () => {
    await kernel.run("jupyter.comms.register('bad', () => { throw new Error('no comm'); })");
    const id = await kernel.send("shell", "comm_open", { comm_id: "c2", target_name: "bad", data: {} });
    const messages = await kernel.idle(id);
    expect(messages.find(({ type }) => type === "stream")!.content.text).toContain("no comm");
    expect((await kernel.run("1")).result).toBe("1");
  });
});

describe("input_request", () => {
  test("prompt() waits for the user, and input() awaits", async () => {
    const asked: unknown[] = [];
    kernel.onQuestion((content) => {
      asked.push(content);
      return `answer ${asked.length}`;
    });
    const { result } = await kernel.run(
      "const first = prompt('name? '); const second = await input('pass? ', { password: true }); first + ', ' + second",
    );
    expect(result).toBe("'answer 1, answer 2'");
    expect(asked).toEqual([
      { prompt: "name? ", password: false },
      { prompt: "pass? ", password: true },
    ]);
  });

  test("without allow_stdin both fail with a clear error", async () => {
    for (const code of ["prompt('?')", "await input('?')"])
      expect((await kernel.run(code, { allow_stdin: false })).error!.evalue).toContain("allow_stdin");
  });

  test("text printed before the question is there before it", async () => {
    let seen = "";
    kernel.onQuestion(() => {
      seen = kernel.iopub
        .filter(({ type }) => type === "stream")
        .map(({ content }) => content.text)
        .join("");
      return "x";
    });
    await kernel.run("console.log('before the question'); prompt('?')");
    expect(seen).toContain("before the question");
  });
});

describe("other messages", () => {
  test("an unknown request is passed over", async () => {
    await kernel.send("shell", "nonsense_request", {});
    expect((await kernel.run("2")).result).toBe("2");
  });

  test("connect_request is answered", async () => {
    expect((await ask("connect_request", {})).status).toBe("ok");
  });
});
