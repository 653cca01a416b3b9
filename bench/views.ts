/**
 * What views cost: drawing their parameters on the host, applying them in a compiled program, and the share of both in a
 * training step, for the recipes and the networks of the bench. Views and step take turns, so that a machine whose
 * speed drifts moves both alike.
 */
import { join } from "node:path";
import type { ImageShape } from "../src/augment/augmentation.js";
import { type PresetName, presetViews } from "../src/augment/presets.js";
import { applyViews, type Drawn, drawViews } from "../src/augment/views.js";
import type { DeviceTensor } from "../src/engine/device-tensor.js";
import { hostTensor, sizeOf } from "../src/engine/host.js";
import { jit } from "../src/engine/jit.js";
import { tf } from "../src/engine/tf.js";
import type { Tree } from "../src/engine/tree.js";
import { fold, key, uniform } from "../src/random/index.js";
import { packageRoot } from "../src/support/package.js";
import { createProgram } from "./program.js";
import { median, writeRows } from "./results.js";
import { cpuName, ortVersion, version } from "./versions.js";
import { works } from "./works.js";

export const viewsPath = join(packageRoot, "bench/views.json");

/** The work whose step stands beside the views, and the recipe of these. */
const cases: readonly { readonly work: string; readonly recipe: PresetName }[] = [
  { work: "convnet", recipe: "standard" },
  { work: "convnet", recipe: "colour" },
  { work: "convnet", recipe: "noise-only" },
  { work: "convnet-small", recipe: "standard" },
  { work: "convnet-small", recipe: "noise-only" },
  { work: "resnet18", recipe: "standard" },
  { work: "resnet50", recipe: "colour" },
];

export interface ViewsRow {
  readonly work: string;
  readonly recipe: string;
  /** Views of a step. */
  readonly views: number;
  /** Milliseconds a step, the medians over rounds: drawing, applying, and the training step on views that are there. */
  readonly draw_ms: number;
  readonly apply_ms: number;
  readonly step_ms: number;
  /** Drawing and applying together. */
  readonly views_per_s: number;
  /** Of drawing and applying in the whole step, 0 … 1: the median over rounds. */
  readonly share: number;
  readonly date: string;
  readonly cpu: string;
  readonly threads: number;
  readonly rounds: number;
  readonly version: string;
}

export interface ViewsOptions {
  /** Names of works; all when empty. */
  readonly names: readonly string[];
  readonly rounds: number;
  readonly threads: number;
  /** Whether the operators that views are made of are printed, with the time of each. */
  readonly profile?: boolean;
  readonly signal?: AbortSignal;
  readonly log: (line: string) => void;
}

async function timed(run: () => Promise<void> | void): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Two views of each image of a work's step: a call that draws and a call that applies what was drawn. */
function viewsOf(recipe: PresetName, shape: ImageShape, batch: number, threads: number) {
  const pipelines = presetViews(recipe, shape);
  const apply = (images: tf.Tensor4D, drawn: Drawn<tf.Tensor>): tf.Tensor[] =>
    // A number of each view, so that nothing but the views is measured, and all of them are made.
    applyViews(pipelines, tf.div(tf.cast(images, "float32"), 255), drawn).map((view) => tf.mean(view));
  const compiled = jit(apply, { name: "views", threads });
  const numbers = [batch, ...shape];
  const bytes = Uint8Array.from(uniform(key(2), sizeOf(numbers)), (x) => Math.floor(256 * x));
  const images = hostTensor(bytes, numbers);
  const samples = Array.from({ length: batch }, (_, i) => i);
  const drawn = (epoch: number) => drawViews(pipelines, fold(key(1), epoch), samples, shape);
  let last = drawn(0);
  return {
    draw: (round: number) => {
      last = drawn(round);
    },
    apply: async () => {
      for (const mean of await compiled(images, last)) await mean.data();
    },
    profile: async () => (await compiled.profile(images, last)).text,
    dispose: () => compiled.dispose(),
  };
}

/** The compiled step of a work, with its state going from call to call. */
function stepOf(name: string, threads: number) {
  const program = createProgram(works.find((work) => work.name === name)!);
  const compiled = jit(program.fn, { name, threads, donate: program.donate });
  const run = compiled as unknown as (
    ...args: readonly unknown[]
  ) => Promise<{ state: Tree<DeviceTensor>; output: DeviceTensor }>;
  const args: unknown[] = [...program.args];
  return {
    run: async () => {
      const { state, output } = await run(...args);
      await output.data();
      output.dispose();
      args[0] = state;
    },
    dispose: () => compiled.dispose(),
  };
}

async function measureCase(
  { work, recipe }: (typeof cases)[number],
  options: ViewsOptions,
): Promise<ViewsRow> {
  const { rounds, threads } = options;
  const [images, ...shape] = works.find(({ name }) => name === work)!.images;
  const views = viewsOf(recipe, shape as unknown as ImageShape, images / 2, threads);
  const step = stepOf(work, threads);
  const times: { draw: number; apply: number; step: number }[] = [];
  try {
    for (let round = -2; round < rounds && !options.signal?.aborted; round++) {
      const now = {
        draw: await timed(() => views.draw(round + 2)),
        apply: await timed(views.apply),
        step: await timed(step.run),
      };
      if (round >= 0) times.push(now);
    }
    if (options.profile) options.log(await views.profile());
  } finally {
    await views.dispose();
    await step.dispose();
  }
  const middle = (of: (t: (typeof times)[number]) => number): number => median(times.map(of));
  const row = {
    work,
    recipe,
    views: images,
    draw_ms: middle((t) => t.draw),
    apply_ms: middle((t) => t.apply),
    step_ms: middle((t) => t.step),
    views_per_s: images / (middle((t) => t.draw + t.apply) / 1000),
    share: middle((t) => (t.draw + t.apply) / (t.draw + t.apply + t.step)),
  };
  const round3 = Object.fromEntries(
    Object.entries(row).map(([k, v]) => [k, typeof v === "number" ? Number(v.toPrecision(4)) : v]),
  ) as unknown as typeof row;
  const date = new Date().toISOString();
  return {
    ...round3,
    date,
    cpu: cpuName(),
    threads,
    rounds: times.length,
    version: `jessl ${version}, onnxruntime ${ortVersion}`,
  };
}

/** Measures the views of the works named, prints a line for each and, if all were measured, saves the rows. */
export async function benchViews(options: ViewsOptions): Promise<ViewsRow[]> {
  const { log, names } = options;
  const chosen = cases.filter(({ work }) => names.length === 0 || names.includes(work));
  const rows: ViewsRow[] = [];
  log("work           recipe        draw ms  apply ms   step ms    views/s   share");
  for (const one of chosen) {
    if (options.signal?.aborted) break;
    const row = await measureCase(one, options);
    rows.push(row);
    const cells = [row.draw_ms.toFixed(2), row.apply_ms.toFixed(2), row.step_ms.toFixed(1)];
    log(
      `${row.work.padEnd(14)} ${row.recipe.padEnd(12)} ${cells.map((cell) => cell.padStart(9)).join(" ")} ${Math.round(row.views_per_s).toLocaleString("en").padStart(10)} ${(100 * row.share).toFixed(1).padStart(6)} %`,
    );
  }
  if (names.length === 0 && rows.length === cases.length) writeRows(viewsPath, rows);
  return rows;
}
