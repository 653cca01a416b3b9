/** A model that ONNX Runtime wrote to a file is executed in the same order when it is read again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { encodeModel, type OnnxModel, type OnnxNode } from "../../../src/engine/lower/onnx.js";
import { inOrderOfExecution } from "../../../src/engine/run/node-order.js";
import { Session, type SessionOptions } from "../../../src/engine/run/session.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-order-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * As a training step is: a chain forward, one back that needs what the first made, and a result at each link of it.
 * @param changed whether ONNX Runtime finds something to simplify
 */
function steps(links: number, changed: boolean): OnnxModel {
  const type = { type: "float32", shape: [4] } as const;
  const nodes: OnnxNode[] = [];
  const node = (op: string, output: string, ...inputs: string[]): number =>
    nodes.push({ op, inputs, outputs: [output], name: output });
  if (changed) node("Identity", "f0", "x");
  for (let i = 0; i < links; i++) node("Sin", `f${i + 1}`, `f${i}`);
  node("Cos", `b${links}`, `f${links}`);
  for (let i = links - 1; i >= 0; i--) {
    node("Mul", `product${i}`, `b${i + 1}`, `f${i}`);
    node("Neg", `o${i}`, `product${i}`);
    node("Add", `b${i}`, `b${i + 1}`, `f${i + 1}`);
  }
  node("Exp", `o${links}`, "b0");
  return {
    name: "steps",
    inputs: [{ name: changed ? "x" : "f0", ...type }],
    outputs: Array.from({ length: links + 1 }, (_, i) => ({ name: `o${i}`, ...type })),
    initializers: [],
    nodes,
    opsets: { "": 18 },
  };
}

/** The names of the nodes as they are executed. */
async function executed(
  model: OnnxModel,
  bytes: Uint8Array,
  options: Partial<SessionOptions>,
): Promise<string[]> {
  const before = readdirSync(folder);
  const profilePrefix = join(folder, `run${before.length}`);
  const session = await Session.create(model, bytes, { providers: ["cpu"], profilePrefix, ...options });
  await session.run([Float32Array.of(1, 2, 3, 4)]);
  session.endProfiling();
  await session.dispose();
  const [profile] = readdirSync(folder).filter((name) => name.endsWith(".json") && !before.includes(name));
  const events = JSON.parse(readFileSync(join(folder, profile!), "utf8")) as { name: string; cat: string }[];
  return events
    .filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"))
    .map(({ name }) => name.replace("_kernel_time", ""));
}

it.each([true, false])("a written model keeps the order of execution; simplified: %s", async (changed) => {
  const model = steps(6, changed);
  const saveTo = join(folder, "written.onnx");
  const first = await executed(model, encodeModel(model), { saveTo });
  expect(first).toHaveLength(26);
  const written = readFileSync(saveTo);
  const ordered = inOrderOfExecution(written, model);
  expect(await executed(model, ordered, { optimisation: "disabled" })).toEqual(first);
  // As it was written it would have another one.
  const asWritten = await executed(model, written, { optimisation: "disabled" });
  expect(asWritten.join() === first.join()).toBe(!changed);
});

it("what is no model is refused", () => {
  expect(() => inOrderOfExecution(Uint8Array.of(58, 200, 1, 2), steps(3, true))).toThrow(RangeError);
});
