/** Display over the real kernel: order, updates in place and how often, widgets and their comms. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KernelClient } from "../../../kernel/client/client.js";
import type { Message } from "../../../kernel/protocol/wire.js";

let folder: string;
let kernel: KernelClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jessl-display-"));
  kernel = await KernelClient.start({ folder, env: { JESSL_HISTORY: join(folder, "history.jsonl") } });
});
afterAll(async () => {
  await kernel.stop();
  rmSync(folder, { recursive: true });
});

// biome-ignore lint/suspicious/noExplicitAny: contents of every shape
type Heard = { type: string; content: any; metadata: any };

async function run(code: string): Promise<Heard[]> {
  const heard: Heard[] = [];
  const reply = await kernel.execute(code, ({ header, content, metadata }: Message) => {
    if (header.msg_type !== "status" && header.msg_type !== "execute_input")
      heard.push({ type: header.msg_type, content, metadata });
  });
  if (reply.status !== "ok") throw new Error(`${reply.ename}: ${reply.evalue}`);
  return heard;
}

const figure =
  '{ mark: "point", data: { values: [{ x: 1 }] }, encoding: { x: { field: "x", type: "quantitative" } } }';

test("figures stay in order with what is printed; a value that takes its time holds its cell", async () => {
  const heard = await run(`
    console.log("before");
    display(${figure});
    console.log("after");
    display({ [Symbol.for("Jupyter.display")]: async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { "text/plain": "late" };
    } });
    display({ [Symbol.for("Jupyter.display")]: async () => { throw new Error("broken"); } });
    undefined`);
  const what = heard.map(({ type, content }) =>
    type === "stream"
      ? content.text
      : Object.keys(content.data).includes("image/svg+xml")
        ? "figure"
        : content.data["text/plain"],
  );
  expect(what.sort()).toEqual(["after\n", "before\n", "cannot be shown: broken", "figure", "late"].sort());
  expect(heard.map(({ type }) => type).slice(0, 3)).toEqual(["stream", "display_data", "stream"]);
});

test("helpers come from jessl/kernel, with their types, and use the cell's display", async () => {
  const heard = await run(`
    import { display as show, html, table, track, livePlot, slider } from "jessl/kernel";
    const handle = show(html\`<b>one</b>\`);
    handle.update(html("<b>two</b>"));
    table([{ a: 1 }])`);
  expect(heard.map(({ type }) => type)).toEqual(["display_data", "update_display_data", "execute_result"]);
  expect(heard[1]!.content.data["text/html"]).toBe("<b>two</b>");
  expect(heard[1]!.content.transient).toEqual(heard[0]!.content.transient);
  expect(heard[2]!.content.data["text/html"]).toContain("<table>");
  await expect(run("html(3)")).rejects.toThrow("TypeScriptError");
});

test("a progress bar is one display, updated at most ten times a second, and ends at 100 %", async () => {
  const heard = await run(`
    for (const i of track(Array.from({ length: 1000 }, (_, i) => i), { title: "work" })) {
      const end = performance.now() + 0.5;
      while (performance.now() < end);
    }`);
  const [first, ...updates] = heard;
  expect(first!.type).toBe("display_data");
  expect(new Set(updates.map(({ type }) => type))).toEqual(new Set(["update_display_data"]));
  expect(new Set(heard.map(({ content }) => content.transient.display_id)).size).toBe(1);
  // Half a second or more of work, an update each tenth, and the last ones.
  const seconds = Number(/([\d.]+) it\/s/.exec(updates.at(-1)!.content.data["text/plain"])![1]);
  expect(updates.length).toBeLessThanOrEqual(10 * (1000 / seconds) + 3);
  expect(updates.at(-1)!.content.data["text/html"]).toMatch(/value="1.0000".*work 100 %/);
});

test("a live plot is a picture while it runs, at most four a second, and the live figure at the end", async () => {
  const began = performance.now();
  const heard = await run(`
    const plot = livePlot({ title: "SimCLR" });
    for (let step = 1; step <= 150; step += 1) {
      plot.onStep({ step, loss: 5 / step }, 150);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }`);
  const seconds = (performance.now() - began) / 1000;
  expect(heard[0]!.type).toBe("display_data");
  expect(heard.length).toBeLessThanOrEqual(4 * seconds + 2);
  expect(Object.keys(heard[0]!.content.data).sort()).toEqual(["image/svg+xml", "text/plain"]);
  const last = heard.at(-1)!.content.data;
  expect(last["image/svg+xml"]).toContain("step 150 of 150");
  expect(last["application/vnd.vegalite.v5+json"].layer[0].data.values).toHaveLength(150);
  expect(new Set(heard.map(({ content }) => content.transient.display_id)).size).toBe(1);
});

test("a slider opens its models, follows the front end, and answers it", async () => {
  const opened = await run('const rate = slider({ min: 0, max: 10, value: 3, description: "rate" });\nrate');
  expect(opened.map(({ type }) => type)).toEqual(["comm_open", "comm_open", "comm_open", "execute_result"]);
  const [layout, style, model] = opened.map(({ content }) => content);
  expect(opened[2]!.metadata).toEqual({ version: "2.1.0" });
  expect(model.target_name).toBe("jupyter.widget");
  expect(model.data.state).toMatchObject({
    _model_name: "FloatSliderModel",
    _view_name: "FloatSliderView",
    _model_module: "@jupyter-widgets/controls",
    value: 3,
    min: 0,
    max: 10,
    layout: `IPY_MODEL_${layout.comm_id}`,
    style: `IPY_MODEL_${style.comm_id}`,
  });
  const view = opened[3]!.content.data;
  expect(view["application/vnd.jupyter.widget-view+json"]).toMatchObject({
    version_major: 2,
    model_id: model.comm_id,
  });
  expect(view["text/plain"]).toBe("rate: 3 (0 to 10)");

  await run("const seen: number[] = [];\nrate.onChange((value) => seen.push(value));");
  const comm = async (data: object): Promise<Heard[]> => {
    const heard: Heard[] = [];
    await kernel.request(
      "shell",
      "comm_msg",
      { comm_id: model.comm_id, data },
      ({ header, content, metadata }) => {
        if (header.msg_type === "comm_msg") heard.push({ type: header.msg_type, content, metadata });
      },
    );
    return heard;
  };
  const echo = await comm({ method: "update", state: { value: 7 }, buffer_paths: [] });
  expect(echo[0]!.content.data).toMatchObject({ method: "echo_update", state: { value: 7 } });
  const [state] = await comm({ method: "request_state" });
  expect(state!.content.data).toMatchObject({
    method: "update",
    state: { value: 7, _model_name: "FloatSliderModel" },
  });
  const result = await run("rate.value = 8;\n[rate.value, ...seen]");
  expect(result[0]!.content.data).toMatchObject({ method: "update", state: { value: 8 } });
  expect(result[1]!.content.data["text/plain"]).toBe("[ 8, 7 ]");
  expect((await run("rate.close()"))[0]!.type).toBe("comm_close");
});

test("what JSON cannot hold is told where it was published, and the kernel lives on", async () => {
  const heard = await run(`
    const own: { [name: string]: unknown } = {};
    own.self = own;
    display({ "application/json": own }, { raw: true });
    display({ "application/json": { large: 2n ** 64n, small: 7n, left() {}, out: Symbol() } }, { raw: true });
    display({ data: [{ x: BigInt64Array.of(1n, 2n), y: [3, 4] }], layout: { hovertext: () => "" } });
    const channel = jupyter.comms.open("numbers", { n: 1n });
    channel.send({ n: 2n ** 60n });
    try { channel.send({ own }); } catch (error) { console.log((error as Error).name); }
    undefined`);
  const [first, second, third] = heard.map(({ content }) => content.data);
  expect(first).toEqual({ "text/plain": expect.stringMatching(/^cannot be shown: .*circular/i) });
  expect(second).toEqual({ "application/json": { large: String(2n ** 64n), small: 7 } });
  expect(third["application/vnd.plotly.v1+json"]).toMatchObject({ data: [{ x: [1, 2] }], layout: {} });
  const comms = heard.filter(({ type }) => type.startsWith("comm_"));
  expect(comms.map(({ content }) => content.data)).toEqual([{ n: 1 }, { n: String(2n ** 60n) }]);
  expect(heard.at(-1)!.content.text).toBe("TypeError\n");
  const options = { user_expressions: { wide: "({ data: [{ x: [1n] }], layout: {} })" } };
  const reply = (await kernel.execute("1", undefined, options)) as { user_expressions: { wide: unknown } };
  expect(reply.user_expressions.wide).toMatchObject({ status: "ok" });
  await expect(
    run("own.self === own ? { [Symbol.for('Jupyter.display')]: () => ({ 'application/json': own }) } : 0"),
  ).rejects.toThrow(/circular/);
  expect(await run("1 + 1")).toMatchObject([{ content: { data: { "text/plain": "2" } } }]);
});
