/**
 * Two ways to feed the same training: ours, whose views are made inside the compiled step, and the plain one, which
 * decodes every image again in every epoch and makes its views on the host, one by one, in worker threads, some batches
 * ahead. Order, keys, drawn parameters, weights and step are the same; so are the pixels, up to rounding.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { drawViews } from "../../src/augment/views.js";
import { type HostTensor, hostScalar, hostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { defaultThreads } from "../../src/engine/run/threads.js";
import type { Layer } from "../../src/nn/layer.js";
import { fold, key } from "../../src/random/index.js";
import { packageRoot } from "../../src/support/package.js";
import { createPipelines, createSchedule } from "../../src/train/build.js";
import type { TrainConfig } from "../../src/train/config/schema.js";
import type { DeviceState, HostState } from "../../src/train/loop.js";
import { createProgram, epochOrder, type StepInput, type TrainState } from "../../src/train/program.js";
import { purpose } from "../../src/train/purpose.js";
import { decodeAll, type EncodedImages } from "./images.js";
import type { DrawnView } from "./per-image.js";
import type { ViewsTask } from "./per-image-worker.js";

/** A training that waits for its images. */
export interface Feed {
  readonly stepsPerEpoch: number;
  readonly encoder: Layer;
  initial(): HostState;
  run(state: DeviceState, step: number): Promise<DeviceState>;
  close(): Promise<void>;
}

/** Ours: the images are decoded once, here. */
export async function compiledFeed(config: TrainConfig, images: EncodedImages): Promise<Feed> {
  const program = createProgram(config, await decodeAll(images));
  return {
    ...program,
    run: async (state, step) => (await program.run(state, step)).state,
    close: () => program.dispose(),
  };
}

/** Batches that are made ahead, as PyTorch's DataLoader does it with two workers. */
const ahead = 4;

/** The plain one. @param side of the images in pixels */
export async function perImageFeed(config: TrainConfig, images: EncodedImages, side: number): Promise<Feed> {
  const { batch, seed } = config;
  const count = images.files.length;
  const stepsPerEpoch = Math.floor(count / batch);
  const shape = [side, side, 1] as const;
  const pipelines = createPipelines(config.views, shape);
  // The step gets finished views: black images, and as the noise that is added to them what they shall be.
  const black = { images: new Uint8Array(0), height: side, width: side, channels: 1, name: "black" };
  const given = {
    ...config,
    views: { preset: null, count: 2, pipelines: [[{ name: "gaussianNoise" as const, sigma: 0 }]] },
  };
  const program = createProgram(given, { ...black, labels: images.labels, classes: images.classes, count });
  const step = jit(program.step, { name: "train", donate: [0] });
  const learningRate = createSchedule(config, stepsPerEpoch);
  const blackBatch = hostTensor(new Uint8Array(batch * side * side), [batch, ...shape]);
  const workers = defaultThreads();
  const pool = new Piscina({ filename: workerFile(), minThreads: workers, maxThreads: workers });

  const samplesOf = (number: number): Uint32Array => {
    const order = epochOrder(seed, Math.floor(number / stepsPerEpoch), count);
    const first = (number % stepsPerEpoch) * batch;
    return order.subarray(first, first + batch);
  };
  const viewsOf = async (number: number): Promise<HostTensor[]> => {
    const samples = samplesOf(number);
    const epochKey = fold(key(seed), purpose.views, Math.floor(number / stepsPerEpoch));
    const drawn = drawnViews(drawViews(pipelines, epochKey, samples, shape), batch);
    const files = Array.from(samples, (sample) => images.files[sample]!);
    const task: ViewsTask = { files, side, drawn };
    const views = (await pool.run(task)) as Float32Array[];
    return views.map((view) => hostTensor(view, [batch, 1, side, side]));
  };
  const begun = new Map<number, Promise<HostTensor[]>>();
  const total = stepsPerEpoch * config.epochs;
  const take = async (number: number): Promise<HostTensor[]> => {
    for (let n = number; n <= Math.min(number + ahead, total - 1); n++)
      if (!begun.has(n)) begun.set(n, viewsOf(n));
    const views = await begun.get(number)!;
    begun.delete(number);
    return views;
  };
  return {
    stepsPerEpoch,
    encoder: program.encoder,
    initial: () => program.initial(),
    async run(state, number) {
      const views = await take(number);
      const input: StepInput<HostTensor> = {
        images: blackBatch,
        labels: hostTensor(
          Int32Array.from(samplesOf(number), (sample) => images.labels[sample]!),
          [batch],
        ),
        drawn: views.map((noise) => [{ noise }]),
        scalars: { lr: hostScalar(learningRate(number)) },
      };
      const result = await step(state as unknown as TrainState<HostTensor>, input);
      for (const metric of Object.values(result.metrics)) metric.dispose();
      return result.state as unknown as DeviceState;
    },
    async close() {
      await Promise.allSettled(begun.values());
      await Promise.all([step.dispose(), pool.destroy(), program.dispose()]);
    },
  };
}

/** What was drawn, image by image: crop, flip, brightness and contrast, the `grey` recipe. */
export function drawnViews(drawn: ReturnType<typeof drawViews>, batch: number): DrawnView[][] {
  return Array.from({ length: batch }, (_, i) =>
    drawn.map((view) => {
      const [crop, flip, brightness, contrast] = view;
      const value = (from: (typeof view)[number] | undefined, name: string): number => from![name]!.data[i]!;
      return {
        top: value(crop, "top"),
        left: value(crop, "left"),
        height: value(crop, "height"),
        width: value(crop, "width"),
        flipped: value(flip, "flipped") !== 0,
        brightness: value(brightness, "brightness"),
        contrast: value(contrast, "contrast"),
      };
    }),
  );
}

/** The worker's file beside this one; when the source runs uncompiled, as in tests, that of the build. */
function workerFile(): string {
  const beside = fileURLToPath(new URL("./per-image-worker.js", import.meta.url));
  return existsSync(beside) ? beside : join(packageRoot, "dist/reproductions/speed/per-image-worker.js");
}
