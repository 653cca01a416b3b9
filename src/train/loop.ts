/**
 * The training loop: it runs a program step by step, writes the run folder, and knows how to stop and to go on. It
 * knows nothing of images or losses; those are the program's (see program.ts). The state after step n depends on the
 * configuration alone, so a run that was interrupted ends with the same bits as one that was not.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { HostTensor } from "../engine/host.js";
import { toHost } from "../engine/to-host.js";
import { flatten, type Tree } from "../engine/tree.js";
import { TrainingError } from "../support/errors.js";
import { bestStep, writeBest } from "./best.js";
import {
  latestCheckpoint,
  listCheckpoints,
  pruneCheckpoints,
  restoreTree,
  saveCheckpoint,
} from "./checkpoint.js";
import { CollapseWatch } from "./collapse.js";
import type { TrainConfig } from "./config/schema.js";
import { appendLine, flush, type Metrics, type RunFolder, readLines, truncateToStep } from "./run-folder.js";
import { EventWriter } from "./tensorboard.js";

/** The whole state of a training run on the host. */
export type HostState = Tree<HostTensor>;

/** A tensor on a device, as `jit` returns it. */
export interface ResidentTensor {
  /** A copy on the host. */
  host(): Promise<HostTensor>;
  /** Gives its memory back. */
  dispose(): void;
}

/** A state whose tensors lie on the host or on a device. */
export type DeviceState = Tree<HostTensor | ResidentTensor>;

/** What is trained: a state, and a step from one state to the next. */
export interface Program {
  readonly stepsPerEpoch: number;
  /** Images a step, for the rate. */
  readonly batch: number;
  /** The state before the first step. */
  initial(): HostState;
  /** Runs step `step`, counted from 0. It may take the buffers of `state` for its own. */
  run(state: DeviceState, step: number): Promise<{ state: DeviceState; metrics: Record<string, number> }>;
  /** Further metrics at the end of an epoch, such as the kNN accuracy. */
  evaluate?(state: HostState, epoch: number): Promise<Record<string, number>>;
}

/** How a loop can be stopped and watched. */
export interface LoopOptions {
  /** Ends the run after the running step, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every step. */
  readonly onStep?: ((metrics: Metrics, totalSteps: number) => void) | undefined;
  /** Called with what the user should know, such as that the representation collapsed. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** Where a loop ended. */
export interface LoopResult {
  readonly state: HostState;
  /** Steps done. */
  readonly step: number;
  readonly totalSteps: number;
  /** False when the signal ended the run. */
  readonly finished: boolean;
}

/** Runs a program from the folder's latest checkpoint, or from its initial state, to the end. */
export async function runLoop(
  program: Program,
  config: TrainConfig,
  folder: RunFolder,
  options: LoopOptions = {},
): Promise<LoopResult> {
  const totalSteps = config.epochs * program.stepsPerEpoch;
  const every = Math.max(1, Math.round(config.checkpoint.everyEpochs * program.stepsPerEpoch));
  mkdirSync(folder.path, { recursive: true });
  const start = restore(program, folder);
  truncateToStep(folder.metrics, start.step);
  truncateToStep(folder.times, start.step);
  const best = (lines: readonly Metrics[]) =>
    config.checkpoint.best === null
      ? undefined
      : bestStep(lines, every, config.checkpoint.best, config.checkpoint.bestIs);
  const prune = (lines: readonly Metrics[]): void => {
    const kept = best(lines);
    if (kept) writeBest(folder.checkpoints, kept);
    pruneCheckpoints(folder.checkpoints, config.checkpoint.keep, new Set(kept ? [kept.step] : []));
  };
  const before = readLines(folder.metrics);
  prune(before);
  const watch = new CollapseWatch(config.collapse);
  for (const line of before) watch.step(line);
  const events = config.tensorboard ? new EventWriter(folder.events, undefined, start.step) : undefined;

  let step = start.step;
  let state: DeviceState = start.state;
  let saved = step;
  const save = async (): Promise<HostState> => {
    const host = await toHost(state);
    flush(folder.metrics);
    const epoch = Math.floor(step / program.stepsPerEpoch);
    saveCheckpoint(folder.checkpoints, host, {
      step,
      epoch,
      seed: config.seed,
      config: JSON.stringify(config),
    });
    prune(config.checkpoint.best === null ? [] : readLines(folder.metrics));
    saved = step;
    return host;
  };

  try {
    while (step < totalSteps && !options.signal?.aborted) {
      const began = performance.now();
      const previous = state;
      const result = await program.run(state, step);
      state = result.state;
      dispose(previous, state);
      step++;
      checkFinite(result.metrics, step, folder);
      const epochEnds = step % program.stepsPerEpoch === 0;
      const epoch = step / program.stepsPerEpoch;
      if (epochEnds && program.evaluate && config.evaluateEvery > 0 && epoch % config.evaluateEvery === 0)
        Object.assign(result.metrics, await program.evaluate(await toHost(state), epoch));
      const metrics: Metrics = { step, epoch: Number(epoch.toFixed(4)), ...result.metrics };
      appendLine(folder.metrics, metrics);
      events?.write(step, result.metrics);
      const seconds = (performance.now() - began) / 1000;
      appendLine(folder.times, { step, seconds: Number(seconds.toFixed(5)), at: new Date().toISOString() });
      options.onStep?.(metrics, totalSteps);
      if (step % every === 0) await save();
      const collapses = watch.step(metrics);
      if (watch.collapsed && config.collapse.action === "stop") throw watch.error(metrics);
      if (collapses && config.collapse.action === "warn") options.onWarning?.(watch.report(metrics));
      // The step blocks the thread: let signals, timers and the notebook's messages in.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const host = saved === step ? await toHost(state) : await save();
    return { state: host, step, totalSteps, finished: step >= totalSteps };
  } finally {
    dispose(state, undefined);
  }
}

function restore(program: Program, folder: RunFolder): { state: HostState; step: number } {
  const checkpoint = latestCheckpoint(folder.checkpoints);
  const initial = program.initial();
  if (!checkpoint) return { state: initial, step: 0 };
  return { state: restoreTree(initial, checkpoint.tensors, checkpoint.path), step: checkpoint.step };
}

function checkFinite(metrics: Readonly<Record<string, number>>, step: number, folder: RunFolder): void {
  for (const [name, value] of Object.entries(metrics)) {
    if (Number.isFinite(value)) continue;
    const last = listCheckpoints(folder.checkpoints).at(-1);
    const good =
      last === undefined
        ? "there is no checkpoint yet"
        : `the last good checkpoint is ${join(folder.checkpoints, `step-${last}.safetensors`)}`;
    throw new TrainingError(
      `${name} at step ${step}: expected a finite number, got ${value}; ${good}. A lower learning rate or a longer warm-up often helps.`,
    );
  }
}

function isDevice(leaf: HostTensor | ResidentTensor): leaf is ResidentTensor {
  return "dispose" in leaf;
}

/** Frees the tensors of a state that the next one does not share. */
function dispose(state: DeviceState, next: DeviceState | undefined): void {
  const kept = new Set(next === undefined ? [] : flatten<HostTensor | ResidentTensor>(next).leaves);
  for (const leaf of flatten<HostTensor | ResidentTensor>(state).leaves)
    if (isDevice(leaf) && !kept.has(leaf)) leaf.dispose();
}
