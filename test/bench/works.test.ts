/** What the bench runs: the count of operations, and that both sides do the same work. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { flopsOf } from "../../bench/flops.js";
import { createProgram, recipe } from "../../bench/program.js";
import { findWorks } from "../../bench/run.js";
import type { Answer, Ready } from "../../bench/worker.js";
import { type Work, works } from "../../bench/works.js";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { jit } from "../../src/engine/jit.js";
import { packageRoot } from "../../src/index.js";
import { describeWith, python } from "../support/needs.js";

const tiny: Work = {
  name: "tiny",
  title: "tiny",
  task: "train",
  images: [8, 8, 8, 3],
  encoder: { name: "convnet", widths: [8, 16], strides: [1, 2] },
  projector: "16-8",
};

test("operations of a step, counted by hand", () => {
  const conv1 = 2 * 8 * (8 * 8) * 27 * 8;
  const conv2 = 2 * 8 * (4 * 4) * 72 * 16;
  const products = 2 * 8 * (16 * 16 + 16 * 8) + 2 * 8 * 8 * 8;
  // Backward: the filter gradient of both convolutions, the input gradient of the second; two products for each product.
  expect(flopsOf(createProgram(tiny))).toBe(2 * conv1 + 3 * conv2 + 3 * products);
  expect(flopsOf(createProgram({ ...tiny, task: "inference" }))).toBe(conv1 + conv2);
});

test("a step trains: the loss falls", async () => {
  const { fn, args, donate } = createProgram(tiny);
  const step = jit(fn, { donate });
  let state: unknown = args[0];
  const losses: number[] = [];
  for (let i = 0; i < 10; i++) {
    const result = (await step(state as never, args[1] as never, args[2] as never)) as unknown as {
      state: unknown;
      output: DeviceTensor;
    };
    state = result.state;
    losses.push((await result.output.data())[0]!);
  }
  expect(losses[9]).toBeLessThan(losses[0]!);
  await step.dispose();
});

test("an unknown work is an error that suggests the nearest", () => {
  expect(findWorks([])).toBe(works);
  expect(() => findWorks(["convent"])).toThrow(/unknown work convent: did you mean convnet\?/);
});

describeWith(["python:torch", "python:torchvision"], "the PyTorch worker", () => {
  const run = (work: Work, variant: string): [Ready, Answer] => {
    const order = JSON.stringify({ work, recipe, variant, threads: 1, warmUp: 1 });
    const output = execFileSync(python, [join(packageRoot, "bench/peers/torch_worker.py"), order], {
      input: '{"run": 8}\n',
      encoding: "utf8",
    });
    const lines = output.trim().split("\n");
    return [JSON.parse(lines[0]!), JSON.parse(lines[1]!)];
  };
  describe.each(["default", "channels_last"])("%s", (variant) => {
    test("trains the same network", () => {
      const [ready, answer] = run(tiny, variant);
      expect(ready.parameters).toBe(createProgram(tiny).parameters);
      expect(answer.ms).toHaveLength(8);
      expect(answer.output).toBeGreaterThan(0);
      expect(answer.output).toBeLessThan(Math.log(7) + 1);
    });
    test("infers", () => {
      const work: Work = { ...tiny, task: "inference" };
      expect(run(work, variant)[0].parameters).toBe(createProgram(work).parameters);
    });
  });
});
