/** Downstream tasks: their names, images of other shapes, and the scores as the probes give them one by one. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { augment } from "../../src/augment/augment.js";
import { centerCrop } from "../../src/augment/center-crop.js";
import { evaluateCommand, taskTable } from "../../src/cli/evaluate.js";
import { take } from "../../src/data/dataset.js";
import { fashionMnist } from "../../src/data/fashion-mnist.js";
import { scenes, sceneTargets, sceneTask } from "../../src/data/scenes/scenes.js";
import { hostTensor } from "../../src/engine/host.js";
import { type Encoder, encode } from "../../src/evaluate/encode.js";
import { evaluateTasks } from "../../src/evaluate/evaluate-tasks.js";
import { describeFit, fitImages } from "../../src/evaluate/fit.js";
import { knn } from "../../src/evaluate/knn.js";
import { linearProbe } from "../../src/evaluate/linear-probe.js";
import { mlpProbe } from "../../src/evaluate/mlp-probe.js";
import { regressionProbe } from "../../src/evaluate/regression-probe.js";
import { openTasks, type Task, taskNames } from "../../src/evaluate/tasks.js";
import { convnet } from "../../src/nn/convnet.js";
import { key } from "../../src/random/index.js";
import { ConfigError, DataError, ShapeError } from "../../src/support/errors.js";
import { readConfig } from "../../src/train/config/parse.js";
import { trainEncoder } from "../../src/train/train.js";

let folder: string;
const cache = process.env.XDG_CACHE_HOME;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-tasks-"));
  process.env.XDG_CACHE_HOME = join(folder, "cache");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cache;
});

describe("names", () => {
  test("an unknown one is an error with the nearest and all known ones; missing files come with their command", async () => {
    await expect(openTasks(["fashion-mnst"])).rejects.toThrow(ConfigError);
    await expect(openTasks(["fashion-mnst"])).rejects.toThrow(
      `task fashion-mnst: did you mean fashion-mnist? The tasks are ${taskNames.join(", ")}`,
    );
    await expect(openTasks(["scenes:weight"])).rejects.toThrow(/scenes:shape.*scenes:position/);
    for (const name of ["cifar10", "cifar100"]) {
      await expect(openTasks([name])).rejects.toThrow(DataError);
      await expect(openTasks([name])).rejects.toThrow(`not on this machine; jessl data ${name} brings them`);
    }
  });

  test("classes are labels, continuous factors are targets", async () => {
    const [shirts] = (await openTasks(["fashion-mnist"])) as [Task];
    expect(shirts.train.images.count).toBe(10_000);
    expect(shirts.train.targets).toBeUndefined();
  });
});

describe("images of another shape", () => {
  const colour = take(scenes("test", { count: 40, size: 20 }), 40);

  test("what fits stays the same", async () => {
    const same = await fitImages(colour, [20, 20, 3]);
    expect(same.images).toBe(colour.images);
    expect(describeFit(colour, [20, 20, 3])).toBeUndefined();
  });

  test("colour becomes grey by its luma, grey becomes three channels", async () => {
    const grey = await fitImages(colour, [20, 20, 1]);
    expect(grey).toMatchObject({ channels: 1, height: 20, width: 20 });
    for (let i = 0; i < 400; i++) {
      const [r, g, b] = colour.images.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
      expect(Math.abs(grey.images[i]! - (0.299 * r + 0.587 * g + 0.114 * b))).toBeLessThanOrEqual(0.5 + 1e-9);
    }
    const back = await fitImages(grey, [20, 20, 3]);
    expect([...back.images.subarray(0, 6)]).toEqual([0, 0, 0, 1, 1, 1].map((i) => grey.images[i]));
    expect(describeFit(colour, [28, 28, 1])).toBe("20 × 20 RGB → 28 × 28 grey");
  });

  test("the size becomes the encoder's, as a centre crop with a resize makes it", async () => {
    const large = await fitImages(colour, [28, 28, 3]);
    const bytes = hostTensor(colour.images, [40, 20, 20, 3]);
    const { views } = await augment(bytes, [[centerCrop({ size: 28 })]], key(0));
    expect(large.images).toEqual(Uint8Array.from(views[0]!.data, (value) => Math.round(255 * value)));
    expect(large.labels).toBe(colour.labels);
  });

  test("channels that are no colours are an error", async () => {
    await expect(fitImages(colour, [20, 20, 4])).rejects.toThrow(ShapeError);
  });
});

test("the scores are those of the probes, and the encoder sees fitted images", async () => {
  const layer = convnet([28, 28, 1], { widths: [4, 8] });
  const encoder: Encoder = { layer, variables: layer.init(key(1)), imageShape: [28, 28, 1] };
  const [train, held] = [scenes("train", { count: 150 }), scenes("test", { count: 60 })];
  const position = (of: typeof train) => {
    const { data, shape } = sceneTargets(of, "position");
    return hostTensor(data, shape);
  };
  const shirts = { train: take(fashionMnist("train"), 120), test: take(fashionMnist("test"), 50) };
  const tasks: Task[] = [
    { name: "fashion", train: { images: shirts.train }, test: { images: shirts.test } },
    {
      name: "colour",
      train: { images: sceneTask(train, "colour") },
      test: { images: sceneTask(held, "colour") },
    },
    {
      name: "position",
      train: { images: train, targets: position(train) },
      test: { images: held, targets: position(held) },
    },
  ];
  const mlp = { hidden: 16, epochs: 2 };
  const scores = await evaluateTasks(encoder, tasks, { mlp, knn: { k: 5 } });
  const fitted = async (images: typeof shirts.train) => encode(encoder, await fitImages(images, [28, 28, 1]));
  for (const { name, train: own, test: other } of tasks) {
    const [a, b] = [await fitted(own.images), await fitted(other.images)];
    if (own.targets) {
      const probe = regressionProbe(
        { features: a, targets: own.targets },
        { features: b, targets: other.targets! },
      );
      expect(scores[name]).toEqual({ r2: probe.meanR2 });
      continue;
    }
    const [x, y] = [
      { features: a, labels: own.images.labels },
      { features: b, labels: other.images.labels },
    ];
    const [nearest, line, hidden] = [
      await knn(x, y, { k: 5 }),
      await linearProbe(x, y),
      await mlpProbe(x, y, mlp),
    ];
    expect(scores[name]).toEqual({
      knn: nearest.accuracy,
      knnTop5: nearest.top5,
      linear: line.accuracy,
      linearTop5: line.top5,
      mlp: hidden.accuracy,
      mlpTop5: hidden.top5,
    });
  }
});

test("jessl evaluate --tasks: a table, and the same as JSON in a file", async () => {
  const config = readConfig(undefined, [
    "name=run",
    "data.train=64",
    "batch=32",
    "epochs=1",
    "encoder.widths=[4,8]",
    "projector=8-8",
    "tensorboard=false",
  ]);
  await trainEncoder(config, { runs: folder });
  const [run, output] = [join(folder, "run"), join(folder, "tasks.json")];
  const written: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string) => written.push(text) > 0;
  try {
    await evaluateCommand().parseAsync([run, "--tasks", "scenes:position, scenes:scale", "-o", output], {
      from: "user",
    });
  } finally {
    process.stdout.write = write;
  }
  const result = JSON.parse(readFileSync(output, "utf8")) as Parameters<typeof taskTable>[0];
  expect(result.run).toBe(run);
  expect(result.tasks.map(({ task }) => task)).toEqual(["scenes:position", "scenes:scale"]);
  for (const { converted, trained, untrained } of result.tasks) {
    expect(converted).toBe("32 × 32 RGB → 28 × 28 grey");
    expect(trained).not.toEqual(untrained);
    expect((trained as { r2: number }).r2).toBeLessThan(1);
  }
  expect(written).toEqual([`${taskTable(result)}\n`]);
  expect(written[0]).toMatch(
    /scenes:position +this one .*\n +untrained .*\n +untrained, statistics of data /,
  );
  await expect(evaluateCommand().parseAsync([run, "--tasks", "shapes"], { from: "user" })).rejects.toThrow(
    /task shapes: .*The tasks are/,
  );
});
