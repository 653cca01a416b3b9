/** Every method: the compiled step is the eager one, the loss falls, and what it keeps is in its state. */
import { describe, expect, test } from "vitest";
import type { DeviceTensor } from "../../../src/engine/device-tensor.js";
import type { HostTensor } from "../../../src/engine/host.js";
import { eager } from "../../../src/engine/jit.js";
import { toHost } from "../../../src/engine/to-host.js";
import { flatten, leafPaths, type Tree } from "../../../src/engine/tree.js";
import { ConfigError } from "../../../src/support/errors.js";
import { methodSchema } from "../../../src/train/config/method.js";
import type { TrainConfig } from "../../../src/train/config/schema.js";
import { teacherMomentum } from "../../../src/train/methods/teacher.js";
import { loadNegatives } from "../../../src/train/negatives.js";
import { createProgram, type TrainState } from "../../../src/train/program.js";
import { relativeError } from "../../support/close.js";
import { tinyConfig, tinyDataset } from "./tiny.js";

const dataset = tinyDataset();

async function program(config: TrainConfig) {
  return createProgram(config, dataset, { negatives: await loadNegatives(config, dataset) });
}

function named(tree: unknown): Map<string, ArrayLike<number>> {
  const host = tree as Tree<HostTensor>;
  const paths = leafPaths(host);
  return new Map(flatten(host).leaves.map((leaf, i) => [paths[i]!, leaf.data]));
}

const names = methodSchema.options.map((option) => option.shape.name.value);
const cases: [string, string[]][] = [
  ...names.map((name): [string, string[]] => [name, [`method.name=${name}`]]),
  ...["simclr", "dcl", "moco", "supcon"].flatMap((name): [string, string[]][] => [
    [
      `${name}, one patch`,
      [`method.name=${name}`, "method.negatives={name: patch, copies: 4, side: 6}", "method.temperature=0.2"],
    ],
    [`${name}, no negatives`, [`method.name=${name}`, "method.negatives.name=none"]],
  ]),
  ["simclr, three views", ["views.count=3"]],
  ["byol, three views", ["method.name=byol", "views.count=3"]],
  ["supervised, one view", ["method.name=supervised", "views.count=1"]],
  [
    "supervised, mixed labels",
    [
      "method.name=supervised",
      "views={pipelines: [[{name: mixup, alpha: 1}, {name: replaceLabel, samples: [3]}]]}",
    ],
  ],
  [
    "supcon, replaced labels",
    [
      "method.name=supcon",
      "views={pipelines: [[{name: horizontalFlip}, {name: replaceLabel, samples: [1, 2]}]]}",
    ],
  ],
  [
    "simclr, crops of two sizes",
    [
      "views={count: 3, pipelines: [[{name: randomResizedCrop}], [{name: randomResizedCrop}], [{name: randomResizedCrop, size: 6}]]}",
    ],
  ],
  ["simclr, online probes", ["probes.online={lr: 0.01}"]],
  ["simclr, a frozen block", ["freeze=[encoder.block1]", "clipNorm=0.5"]],
];

// A bias before batch norm moves nothing: its gradient is zero in exact arithmetic, and what is computed is rounding.
const idle = /(projector|predictor)\.linear1\.bias$|(projector|predictor)\.norm1\.mean$/;

test("labels that augmentations change reach the loss; mixup and parts of a batch do not go together", async () => {
  const loss = async (samples: number[], name: string) => {
    const entries = `[{name: horizontalFlip}, {name: replaceLabel, label: 2, samples: [${samples}]}]`;
    const own = await program(tinyConfig(`method.name=${name}`, `views={pipelines: [${entries}]}`));
    const result = await own.run(own.initial(), 0);
    await own.dispose();
    return result.metrics.loss;
  };
  const all = Array.from({ length: 24 }, (_, i) => i);
  const alreadySo = all.filter((i) => dataset.labels[i] === 2);
  for (const name of ["supervised", "supcon"]) {
    const plain = await loss([], name);
    expect(await loss(alreadySo, name)).toBeCloseTo(plain!, 6);
    expect(await loss(all, name)).not.toBeCloseTo(plain!, 3);
  }
  const mixed = tinyConfig("accumulate=2", "views={pipelines: [[{name: mixup}]]}");
  await expect(program(mixed)).rejects.toThrow(/accumulate: expected 1 with mixup/);
});

describe("compiled equals eager over three steps", () => {
  test.each(cases)("%s", async (_, overrides) => {
    const moco = overrides.includes("method.name=moco") ? ["method.queue=20"] : [];
    const own = await program(tinyConfig(...overrides, ...moco));
    const reference = eager(own.step);
    let state = own.initial();
    for (let i = 0; i < 3; i++) {
      const input = own.input(i);
      const expected = await reference(state as unknown as TrainState<HostTensor>, input);
      const result = await own.run(state, i);
      const after = await toHost(result.state);
      const loss = (await (expected.metrics.loss as unknown as DeviceTensor).data())[0]!;
      expect(relativeError([result.metrics.loss!], [loss])).toBeLessThanOrEqual(1e-5);
      const wanted = named(await toHost(expected.state as unknown as Tree<HostTensor>));
      const got = named(after);
      expect([...got.keys()]).toEqual([...wanted.keys()]);
      for (const [path, values] of wanted)
        if (!idle.test(path)) expect(relativeError(got.get(path)!, values), path).toBeLessThanOrEqual(2e-5);
      state = after;
    }
    await own.dispose();
  });
});

async function statesOf(config: TrainConfig, steps: number): Promise<Map<string, ArrayLike<number>>[]> {
  const own = await program(config);
  let state = own.initial();
  const seen = [named(state)];
  for (let i = 0; i < steps; i++) {
    state = await toHost((await own.run(state, i)).state);
    seen.push(named(state));
  }
  await own.dispose();
  return seen;
}

test("the momentum goes from its start to 1 by half a cosine", () => {
  expect(teacherMomentum(0.996, 0, 100)).toBeCloseTo(0.996, 12);
  expect(teacherMomentum(0.996, 50, 100)).toBeCloseTo(0.998, 12);
  expect(teacherMomentum(0.996, 100, 100)).toBe(1);
});

describe.each(["byol", "moco"])("the teacher of %s", (name) => {
  test("begins as the student and follows it with the momentum; its statistics are its own", async () => {
    const overrides = [
      `method.name=${name}`,
      "method.momentum=0.9",
      ...(name === "moco" ? ["method.queue=16"] : []),
    ];
    const [before, after] = (await statesOf(tinyConfig(...overrides), 1)) as [
      Map<string, ArrayLike<number>>,
      Map<string, ArrayLike<number>>,
    ];
    const teacher = [...after.keys()].filter((path) => path.startsWith("state.teacher.params."));
    expect(teacher.length).toBeGreaterThan(5);
    for (const path of teacher) {
      const student = path.replace("state.teacher.params", "params");
      expect(before.get(path)).toEqual(before.get(student));
      const expected = Float32Array.from(
        before.get(path)!,
        (t, i) => 0.9 * t + 0.1 * after.get(student)![i]!,
      );
      expect(relativeError(after.get(path)!, expected), path).toBeLessThanOrEqual(1e-6);
    }
    const mean = "state.teacher.state.encoder.block1.norm.mean";
    expect(after.get(mean)).not.toEqual(before.get(mean));
    // The same weights and views at the first step, hence the same statistics.
    expect(relativeError(after.get(mean)!, after.get("state.encoder.block1.norm.mean")!)).toBeLessThan(1e-6);
  });
});

test("the queue of moco takes the newest keys in front and lets the oldest fall out", async () => {
  const states = await statesOf(tinyConfig("method.name=moco", "method.queue=20"), 3);
  const [first, second] = [states[1]!, states[2]!].map((state) => Array.from(state.get("state.queue")!));
  const width = 6;
  expect(second!.slice(8 * width)).toEqual(first!.slice(0, 12 * width));
  for (let row = 0; row < 8; row++) {
    const key = second!.slice(row * width, (row + 1) * width);
    expect(Math.hypot(...key)).toBeCloseTo(1, 5);
  }
});

test("frozen parameters and their statistics stay, all others move", async () => {
  const [before, after] = await statesOf(tinyConfig("freeze=[encoder.block1, '*.linear1.bias']"), 1);
  for (const [path, values] of after!) {
    if (path.startsWith("optimiser")) expect(path).not.toMatch(/block1|linear1\.bias/);
    else if (/block1|linear1\.bias$/.test(path)) expect(values, path).toEqual(before!.get(path));
    else if (!idle.test(path)) expect(values, path).not.toEqual(before!.get(path));
  }
});

describe("configurations that do not fit", () => {
  test.each([
    ["views.count=1", "views.count: expected 2 or more for this method, got 1"],
    ["batch=25", "batch: expected at most 24, the number of images, got 25"],
    ["accumulate=3", "accumulate: expected a divisor of the batch, 8, got 3"],
    ["freeze=[encoder.blok1]", "freeze: no parameter matches encoder.blok1; did you mean encoder.block1?"],
    ["optimiser.exclude=[heads]", /optimiser\.exclude: no parameter matches heads; /],
    ["method.negatives={name: patch, sample: 24}", "method.negatives.sample: expected 0 to 23"],
    ["method.negatives={name: patch, side: 11}", "method.negatives.side: expected at most 10"],
    ["method.negatives={name: patch, source: photograph}", "method.negatives.photograph: expected a file"],
    ["method.negatives={name: images, file: none.safetensors}", "none.safetensors"],
  ])("%s", async (override, message) => {
    await expect(program(tinyConfig(...override.split(/ (?=\w+=)/)))).rejects.toThrow(message);
  });

  test("a queue that is shorter than the batch", async () => {
    const own = await program(tinyConfig("method.name=moco", "method.queue=7"));
    await expect(own.run(own.initial(), 0)).rejects.toThrow(
      "method.queue: expected 8 (the batch) or more, got 7",
    );
    await expect(own.run(own.initial(), 0)).rejects.toThrow(ConfigError);
  });
});
