/** What the bench runs: the count of operations, and that both sides do the same work. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { flopsOf } from "../../bench/flops.js";
import { createProgram, recipe } from "../../bench/program.js";
import { findWorks } from "../../bench/run.js";
import { Side } from "../../bench/side.js";
import { peers } from "../../bench/sides.js";
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

/** One small work for each kind of encoder. */
const small: Record<string, Work> = {
  ConvNet: tiny,
  "ResNet with a CIFAR stem": {
    ...tiny,
    encoder: { name: "resnet", blocks: [1, 1], bottleneck: false, width: 8, stem: "cifar" },
  },
  ViT: { ...tiny, encoder: { name: "vit", patch: 4, width: 12, depth: 2, heads: 3 } },
  "VGG-11": { ...tiny, encoder: { name: "vgg11", width: 8 } },
  "ResNet with bottlenecks": {
    ...tiny,
    encoder: { name: "resnet", blocks: [1, 1], bottleneck: true, width: 8, stem: "imagenet" },
  },
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

// All in one process, for PyTorch takes long to start.
const driver = `
import json, sys
sys.path.insert(0, sys.argv[1])
import torch_worker
for order in json.load(sys.stdin):
    step, parameters = torch_worker.runner(order)
    print(json.dumps({"parameters": parameters, "outputs": [step() for _ in range(8)]}), flush=True)
`;

describeWith(["python:torch", "python:torchvision"], "the PyTorch worker", () => {
  test("builds the same networks, and they train", () => {
    const inference: Work = { ...tiny, task: "inference" };
    const orders = [...Object.values(small), inference].flatMap((work) =>
      ["default", "channels_last"].map((variant) => ({ work, recipe, variant, threads: 1, warmUp: 1 })),
    );
    const output = execFileSync(python, ["-c", driver, join(packageRoot, "bench/peers")], {
      input: JSON.stringify(orders),
      encoding: "utf8",
    });
    const answers = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { parameters: number; outputs: number[] });
    expect(answers).toHaveLength(orders.length);
    for (const [i, { parameters, outputs }] of answers.entries()) {
      const { work } = orders[i]!;
      expect(parameters).toBe(createProgram(work).parameters);
      if (work.task === "train") expect(outputs[7]!).toBeLessThan(outputs[0]!);
    }
  });

  test("speaks the lines that the bench expects", async () => {
    const peer = peers.find(({ name }) => name === "pytorch default")!;
    const { side, ready } = await Side.start("pytorch", peer.command(tiny, 1), 120);
    try {
      expect(ready.parameters).toBe(createProgram(tiny).parameters);
      expect(ready.version).toMatch(/^PyTorch \d/);
      expect(ready.idleMb).toBeGreaterThan(0);
      const answer = await side.run(3, 60);
      expect(answer.ms).toHaveLength(3);
      expect(answer.peakMb).toBeGreaterThanOrEqual(ready.idleMb);
    } finally {
      await side.stop();
    }
  });
});

test("a worker that dies or stays silent is an error with its last words", async () => {
  const node = (script: string) => ({ program: process.execPath, args: ["-e", script] });
  const dying = node("console.error('no such thing'); process.exit(3)");
  await expect(Side.start("peer", dying, 20)).rejects.toThrow(/peer: its process ended: no such thing/);
  const throwing = node("process.nextTick(() => { throw new RangeError('too much') })");
  await expect(Side.start("peer", throwing, 20)).rejects.toThrow(/process ended: RangeError: too much$/);
  await expect(Side.start("peer", node("setTimeout(() => {}, 60000)"), 0.5)).rejects.toThrow(
    /peer: expected an answer within 0.5 s/,
  );
  await expect(Side.start("peer", { program: "/no/such/program", args: [] }, 20)).rejects.toThrow(/ENOENT/);
});
