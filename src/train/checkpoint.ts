/**
 * Checkpoints: the whole state of a training run after a step, as one safetensors file. Every random number of a run is
 * a function of the seed and of its place (see src/random), so the step and the seed are all that a resume needs beside
 * the tensors; there is no generator state to lose.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HostTensor } from "../engine/host.js";
import { flatten, leafPaths, mapTree, type Tree } from "../engine/tree.js";
import { temporarySuffix } from "../support/atomic.js";
import { DataError, formatShape } from "../support/errors.js";
import { readSafeTensors, writeSafeTensors } from "./safetensors.js";

/** What is known about a checkpoint beside its tensors. */
export interface CheckpointInfo {
  /** Steps done: the next one to run has this number, counted from 0. */
  readonly step: number;
  readonly epoch: number;
  readonly seed: number;
  /** The resolved configuration, as JSON. */
  readonly config: string;
}

export interface Checkpoint extends CheckpointInfo {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

const format = "jessl checkpoint 1";
const namePattern = /^step-(\d+)\.safetensors$/;

/** The tensors of a tree by their path, such as `params.encoder.block1.kernel`. @throws DataError when two paths agree */
export function namedLeaves(tree: Tree<HostTensor>): Map<string, HostTensor> {
  const paths = leafPaths(tree);
  const named = new Map(flatten<HostTensor>(tree).leaves.map((leaf, i) => [paths[i]!, leaf]));
  if (named.size !== paths.length)
    throw new DataError("tree: expected paths that differ, got two that agree");
  return named;
}

/**
 * The tree with the structure of `like` and the tensors of a file.
 * @throws DataError when a tensor is missing or has another shape or element type
 */
export function restoreTree<T extends Tree<HostTensor>>(
  like: T,
  tensors: ReadonlyMap<string, HostTensor>,
  source: string,
  prefix = "",
): T {
  return mapTree<HostTensor, HostTensor>(like, (leaf, path) => {
    const name = prefix + path;
    const tensor = tensors.get(name);
    if (!tensor) throw new DataError(`${source}: tensor ${name} is missing`);
    if (tensor.dtype !== leaf.dtype || formatShape(tensor.shape) !== formatShape(leaf.shape))
      throw new DataError(
        `${source}: tensor ${name}: expected ${leaf.dtype} ${formatShape(leaf.shape)}, got ${tensor.dtype} ${formatShape(tensor.shape)}`,
      );
    return tensor;
  }) as T;
}

/** Writes a checkpoint, atomically, and returns its path. */
export function saveCheckpoint(folder: string, state: Tree<HostTensor>, info: CheckpointInfo): string {
  const path = join(folder, `step-${info.step}.safetensors`);
  writeSafeTensors(path, namedLeaves(state), {
    format,
    step: String(info.step),
    epoch: String(info.epoch),
    seed: String(info.seed),
    config: info.config,
  });
  return path;
}

/** Reads a checkpoint. @throws DataError when it is corrupt or no checkpoint of jessl */
export function readCheckpoint(path: string): Checkpoint {
  const { tensors, metadata } = readSafeTensors(path);
  if (metadata.format !== format)
    throw new DataError(
      `checkpoint ${path}: expected the format ${format}, got ${metadata.format ?? "none"}`,
    );
  const number = (key: string): number => {
    const value = Number(metadata[key]);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new DataError(`checkpoint ${path}: ${key}: expected a whole number, got ${metadata[key]}`);
    return value;
  };
  const config = metadata.config;
  if (config === undefined) throw new DataError(`checkpoint ${path}: expected a config, got none`);
  return { path, tensors, step: number("step"), epoch: number("epoch"), seed: number("seed"), config };
}

/** The steps of the checkpoints in a folder, oldest first. */
export function listCheckpoints(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => namePattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The checkpoint after a step. @throws DataError when it is not there */
export function checkpointAt(folder: string, step: number): Checkpoint {
  const steps = listCheckpoints(folder);
  if (!steps.includes(step))
    throw new DataError(`checkpoints ${folder}: expected step ${step}, found ${steps.join(", ") || "none"}`);
  return readCheckpoint(join(folder, `step-${step}.safetensors`));
}

/** The latest checkpoint of a folder, or undefined when there is none. */
export function latestCheckpoint(folder: string): Checkpoint | undefined {
  const step = listCheckpoints(folder).at(-1);
  return step === undefined ? undefined : readCheckpoint(join(folder, `step-${step}.safetensors`));
}

/** Deletes all but the latest `keep` checkpoints, those of `spare`, and what a killed process left behind. */
export function pruneCheckpoints(folder: string, keep: number, spare: ReadonlySet<number> = new Set()): void {
  for (const step of listCheckpoints(folder).slice(0, -keep))
    if (!spare.has(step)) rmSync(join(folder, `step-${step}.safetensors`), { force: true });
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (name.endsWith(temporarySuffix)) rmSync(join(folder, name), { force: true });
}
