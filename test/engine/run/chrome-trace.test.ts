/** Trace files: the shape that tracing pages read, and scopes that nest. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { jit } from "../../../src/engine/jit.js";
import { type ChromeTrace, chromeTrace, type TracedNode } from "../../../src/engine/run/chrome-trace.js";
import { tf } from "../../../src/engine/tf.js";
import { scope } from "../../../src/engine/trace/trace.js";
import { floats } from "../../support/data.js";

const node = (scopeName: string, start: number, duration: number): TracedNode => ({
  name: `${scopeName}/Op`,
  operator: "Op",
  scope: scopeName,
  start,
  duration,
  shapes: "",
  gflops: undefined,
});

it("neighbours in one scope share a span, and inner spans lie within outer ones", () => {
  const { traceEvents } = chromeTrace("program", [
    node("encoder/block2", 130, 20),
    node("encoder/block1", 100, 10),
    node("encoder/block1", 110, 15),
    node("loss", 160, 5),
    node("encoder/block1", 170, 5),
  ]);
  const spans = traceEvents.filter(({ cat }) => cat === "scope").map(({ name, ts, dur }) => [name, ts, dur]);
  expect(spans).toEqual([
    ["encoder", 0, 50],
    ["block1", 0, 25],
    ["block2", 30, 20],
    ["loss", 60, 5],
    ["encoder", 70, 5],
    ["block1", 70, 5],
  ]);
  expect(traceEvents.filter(({ cat }) => cat === "operator").map(({ ts }) => ts)).toEqual([
    0, 10, 30, 60, 70,
  ]);
});

it("a program writes one that tracing pages can read, with the limit beside the table", async () => {
  const folder = mkdtempSync(join(tmpdir(), "jessl-trace-"));
  try {
    const program = jit((x: tf.Tensor, w: tf.Tensor) => scope("layer", () => tf.softmax(tf.matMul(x, w))), {
      name: "program",
    });
    const path = join(folder, "trace.json");
    const profile = await program.trace(path, floats([64, 64], 1), floats([64, 64], 2));
    const { traceEvents } = JSON.parse(readFileSync(path, "utf8")) as ChromeTrace;
    for (const event of traceEvents) {
      expect(event).toMatchObject({ pid: 1, name: expect.any(String), tid: expect.any(Number) });
      if (event.ph === "X") {
        expect(event.ts).toBeGreaterThanOrEqual(0);
        expect(event.dur).toBeGreaterThanOrEqual(0);
      } else expect(event.args!.name).toBeTruthy();
    }
    const product = traceEvents.find(({ name }) => name.endsWith("Gemm"))!;
    expect(product.args).toMatchObject({
      scope: "layer",
      shapes: expect.stringMatching(/^\[64, 64\] \[64, 64\] .*→ \[64, 64\]$/),
    });
    expect(traceEvents.some(({ cat, name }) => cat === "scope" && name === "layer")).toBe(true);
    expect(profile.limit).toBeGreaterThan(0);
    const row = profile.operators.find(({ name }) => name.endsWith("Gemm"))!;
    expect(row.ofLimit).toBeCloseTo(row.gflops! / profile.limit!);
    expect(profile.text).toMatch(/of limit/);
    await program.dispose();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
