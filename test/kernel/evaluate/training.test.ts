/** A training in a cell: an interrupt ends it after its running step, and what it reached can be used and continued. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestKernel } from "../support/client.js";

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await TestKernel.start();
});
afterAll(() => kernel.stop());

test("an interrupted training keeps its state, and goes on in the next cell", async () => {
  const id = await kernel.start(`
    import { continueRun, readConfig, startRun } from "jessl";
    const settings = ["encoder.widths=[4,8]", "projector=10-6", "batch=8", "epochs=50", "optimiser.name=sgd", "optimiser.lr=0.05"];
    const run = startRun(readConfig(undefined, settings));
    let steps = 0;
    const outcome = await run.train({
      signal: jupyter.signal,
      onStep: () => {
        steps += 1;
        console.log("step", steps);
      },
    });`);
  await kernel.until(
    () =>
      kernel.iopub.find(
        ({ parent, type, content }) =>
          parent === id && (type === "error" || content.text?.includes("step 3")),
      ),
    "third step",
    60_000,
  );
  await kernel.request("control", "interrupt_request", {});
  const { error } = await kernel.finish(id);
  expect(error!.traceback.join("\n")).toContain("InterruptError");
  const { result } = await kernel.run("[outcome.finished, outcome.step === steps, steps >= 3]");
  expect(result).toBe("[ false, true, true ]");
  const next = await kernel.start(`
    let more = 0;
    await continueRun(run.path).train({ signal: jupyter.signal, onStep: () => { more += 1; console.log("more", more); } });`);
  await kernel.until(
    () => kernel.iopub.find(({ parent, content }) => parent === next && content.text?.includes("more 2")),
    "second step after it",
    60_000,
  );
  await kernel.request("control", "interrupt_request", {});
  await kernel.finish(next);
  expect((await kernel.run("more >= 2")).result).toBe("true");
}, 120_000);
