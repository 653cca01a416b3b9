/** The debugger as a front end uses it: attach, breakpoints, the stack, scopes, variables, stepping, disconnecting. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { murmur2 } from "../../../kernel/protocol/debug/murmur2.js";
import type { Variable } from "../../../kernel/protocol/debug/variables.js";
import { TestKernel } from "../support/client.js";

// The numbers of ipykernel's murmur2_x86 with its seed.
test.each([
  ["", 3990065800],
  ["a", 2167009006],
  ["ab", 2805137849],
  ["abc", 3350977461],
  ["a + b", 1216668022],
  ["const é = '😀'", 227611805],
])("the hash of %j", (text, hash) => {
  expect(murmur2(text)).toBe(hash);
});

let kernel: TestKernel;
let sequence = 0;
beforeAll(async () => {
  kernel = await TestKernel.start();
});
afterAll(() => kernel.stop());

async function ask(command: string, args: object = {}) {
  sequence += 1;
  const content = { type: "request", seq: sequence, command, arguments: args };
  const reply = await kernel.request("control", "debug_request", content);
  expect(reply.type).toBe("debug_reply");
  expect(reply.content).toMatchObject({ type: "response", request_seq: content.seq, command });
  return reply.content;
}

const body = async (command: string, args: object = {}) => {
  const answer = await ask(command, args);
  expect(answer.message).toBeUndefined();
  expect(answer.success).toBe(true);
  return answer.body;
};

let heard = 0;
async function stopped() {
  const event = await kernel.until(() => {
    const events = kernel.iopub.filter(
      ({ type, content }) => type === "debug_event" && content.event === "stopped",
    );
    return events[heard];
  }, "stop");
  heard += 1;
  return event.content.body;
}

const code = `interface Row { n: number }

const factor = 3;
function scale(row: Row): number {
  const scaled = row.n * factor;
  return scaled;
}
scale({ n: 14 })`;

const named = async (reference: number) => {
  const { variables } = await body("variables", { variablesReference: reference });
  return Object.fromEntries(
    (variables as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
  );
};

describe("a debugging session", () => {
  let path = "";

  test("begins", async () => {
    expect((await kernel.request("control", "kernel_info_request", {})).content.debugger).toBe(true);
    expect((await body("debugInfo")).isStarted).toBe(false);
    expect((await ask("setExceptionBreakpoints", { filters: [] })).success).toBe(false);
    expect((await body("initialize", { clientID: "test" })).supportsConfigurationDoneRequest).toBe(true);
    await body("attach");
    const info = await body("debugInfo");
    expect(info).toMatchObject({
      isStarted: true,
      hashMethod: "Murmur2",
      tmpFileSuffix: ".ts",
      stoppedThreads: [],
    });
    path = (await body("dumpCell", { code })).sourcePath;
    expect(path).toBe(`${info.tmpFilePrefix}${murmur2(code, info.hashSeed)}.ts`);
    expect((await body("source", { source: { path } })).content).toBe(code);
  });

  test("stops at a breakpoint in the TypeScript's line, with stack, scopes and variables", async () => {
    const { breakpoints } = await body("setBreakpoints", { source: { path }, breakpoints: [{ line: 5 }] });
    expect(breakpoints).toEqual([{ verified: true, line: 5, source: { path } }]);
    await body("configurationDone");
    const id = await kernel.start(code);
    expect(await stopped()).toMatchObject({ reason: "breakpoint", threadId: 1 });
    expect((await body("threads")).threads).toHaveLength(1);
    const { stackFrames } = await body("stackTrace", { threadId: 1 });
    expect(stackFrames[0]).toMatchObject({ name: "scale", line: 5, source: { path } });
    expect(stackFrames[1]).toMatchObject({ line: 8 });
    expect(stackFrames).toHaveLength(2);

    const { scopes } = await body("scopes", { frameId: 0 });
    expect(scopes[0].name).toBe("Locals");
    const locals = await named(scopes[0].variablesReference);
    expect(Object.keys(locals)).toEqual(expect.arrayContaining(["row", "scaled"]));
    const { variables } = await body("variables", { variablesReference: scopes[0].variablesReference });
    const row = variables.find(({ name }: { name: string }) => name === "row");
    expect(await named(row.variablesReference)).toMatchObject({ n: "14" });
    expect((await body("evaluate", { expression: "row.n + factor", frameId: 0 })).result).toBe("17");
    expect((await ask("evaluate", { expression: "nowhere", frameId: 0 })).success).toBe(false);

    // Heartbeat and control answer while the cell is stopped.
    expect(await kernel.beats()).toBe(true);

    await body("next", { threadId: 1 });
    await stopped();
    expect((await body("stackTrace", { threadId: 1 })).stackFrames[0]).toMatchObject({ line: 6 });
    expect((await body("evaluate", { expression: "scaled", frameId: 0 })).result).toBe("42");
    await body("stepOut", { threadId: 1 });
    await stopped();
    expect((await body("stackTrace", { threadId: 1 })).stackFrames[0]).toMatchObject({ line: 8 });
    await body("continue", { threadId: 1 });
    expect((await kernel.finish(id)).result).toBe("42");
  });

  test("stops in a function of an earlier cell, steps into it, and obeys conditions", async () => {
    await body("setBreakpoints", { source: { path }, breakpoints: [{ line: 5, condition: "row.n === 2" }] });
    const id = await kernel.start("[scale({ n: 1 }), scale({ n: 2 })]");
    await stopped();
    expect((await body("evaluate", { expression: "row.n", frameId: 0 })).result).toBe("2");
    await body("continue", { threadId: 1 });
    expect((await kernel.finish(id)).result).toBe("[ 3, 6 ]");
    await body("setBreakpoints", { source: { path }, breakpoints: [] });
    const caller = "const before = 1;\nscale({ n: before });";
    const callerPath = (await body("dumpCell", { code: caller })).sourcePath;
    await body("setBreakpoints", { source: { path: callerPath }, breakpoints: [{ line: 2 }] });
    const second = await kernel.start(caller);
    await stopped();
    await body("stepIn", { threadId: 1 });
    await stopped();
    expect((await body("stackTrace", { threadId: 1 })).stackFrames[0]).toMatchObject({ name: "scale" });
    await body("continue", { threadId: 1 });
    expect((await kernel.finish(second)).result).toBe("3");
    await body("setBreakpoints", { source: { path: callerPath }, breakpoints: [] });
  });

  test("stops at exceptions when it is asked to", async () => {
    await body("setExceptionBreakpoints", { filters: ["all"] });
    const id = await kernel.start("try { throw new Error('caught') } catch {}\n'on'");
    expect(await stopped()).toMatchObject({ reason: "exception" });
    await body("continue", { threadId: 1 });
    expect((await kernel.finish(id)).result).toBe("'on'");
    await body("setExceptionBreakpoints", { filters: [] });
  });

  test("shows the names of the cells", async () => {
    const { variables } = await body("inspectVariables");
    expect(variables).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: "factor", value: "3" })]),
    );
  });

  test("does not keep alive what variables have held", async () => {
    await kernel.run("let held: object | undefined = { large: true };\nconst seen = new WeakRef(held)");
    const variables = async () => (await body("inspectVariables")).variables as Variable[];
    const reference = (await variables()).find(({ name }) => name === "held")!.variablesReference;
    expect(reference).toBeGreaterThan(0);
    expect(await named(reference)).toMatchObject({ large: "true" });
    await kernel.run("held = undefined");
    await variables();
    expect(await named(reference)).toEqual({});
    await kernel.run(`
      const { setFlagsFromString } = await import("node:v8");
      const { runInNewContext } = await import("node:vm");
      setFlagsFromString("--expose-gc");
      await new Promise((resolve) => setTimeout(resolve, 10));
      runInNewContext("gc")();`);
    expect((await kernel.run("String(seen.deref())")).result).toBe("'undefined'");
  });

  test("an interrupt ends a cell that is stopped", async () => {
    const loop = "let turns = 0;\nfor (;;) {\n  turns++;\n}";
    const loopPath = (await body("dumpCell", { code: loop })).sourcePath;
    await body("setBreakpoints", { source: { path: loopPath }, breakpoints: [{ line: 1 }] });
    const id = await kernel.start(loop);
    await stopped();
    await kernel.request("control", "interrupt_request", {});
    expect((await kernel.finish(id, 5000)).error!.ename).toBe("InterruptError");
  });

  test("ends, and the kernel goes on", async () => {
    await body("disconnect");
    expect((await body("debugInfo")).isStarted).toBe(false);
    expect((await kernel.run("scale({ n: 5 })")).result).toBe("15");
    expect((await ask("nonsense")).success).toBe(false);
  });
});
