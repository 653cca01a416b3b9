/**
 * Synthetic scenes as a data set in which every factor is known: shape, colour, count and background to classify; place
 * and scale to regress. Made when they are needed, a scene is a function of (seed, split, its number, level, side).
 */
import { fold, key } from "../../random/index.js";
import { DataError } from "../../support/errors.js";
import type { ImageDataset } from "../dataset.js";
import { backgroundNames } from "./backgrounds.js";
import { rasterise } from "./draw.js";
import { colourNames, drawScene, type LevelName, levels } from "./scene.js";
import { shapeNames } from "./shapes.js";

/** Which scenes are drawn. */
export interface ScenesOptions {
  /** How many; 10,000 for training and 2,000 for test by default. */
  readonly count?: number | undefined;
  readonly seed?: number;
  readonly level?: LevelName;
  /** The images' side in pixels, from 16 to 256. */
  readonly size?: number;
}

/** The factors of every scene: what a probe can be asked for. */
export interface SceneFactors {
  readonly shape: Int32Array;
  readonly colour: Int32Array;
  /** Objects, less one: a class number. */
  readonly count: Int32Array;
  readonly background: Int32Array;
  /** The centre of the largest object, 0 … 1 from left to right and from top to bottom: [count, 2]. */
  readonly position: Float32Array;
  /** The largest object's radius (of the disc of its area) in image sides: [count, 1]. */
  readonly scale: Float32Array;
  /** How far the largest object is turned, in radians: [count, 1]. */
  readonly rotation: Float32Array;
  /** The share of the largest object that is hidden: [count, 1]. */
  readonly occlusion: Float32Array;
}

/** Scenes as images, labelled by the shape of the largest object, with all of their factors. */
export interface SceneDataset extends ImageDataset {
  readonly factors: SceneFactors;
}

/** The factors that are classes. */
export const sceneClassTasks = ["shape", "colour", "count", "background"] as const;
/** The factors that are continuous. */
export const sceneRegressionTasks = ["position", "scale", "occlusion"] as const;
export type SceneClassTask = (typeof sceneClassTasks)[number];
export type SceneRegressionTask = (typeof sceneRegressionTasks)[number];

const counts = { train: 10_000, test: 2000 } as const;

/** Draws the scenes of a split; the labels are the shapes. @throws DataError when an option is out of range */
export function scenes(
  split: "train" | "test",
  { count = counts[split], seed = 0, level = "medium", size = 32 }: ScenesOptions = {},
): SceneDataset {
  if (!Number.isInteger(size) || size < 16 || size > 256)
    throw new DataError(`scenes: size: expected 16 to 256 pixels, got ${size}`);
  if (!Number.isInteger(count) || count < 1)
    throw new DataError(`scenes: count: expected 1 or more, got ${count}`);
  const splitKey = fold(key(seed), split === "train" ? 0 : 1);
  const length = size * size * 3;
  const images = new Uint8Array(count * length);
  const canvas = new Float32Array(length);
  const factors: SceneFactors = {
    shape: new Int32Array(count),
    colour: new Int32Array(count),
    count: new Int32Array(count),
    background: new Int32Array(count),
    position: new Float32Array(2 * count),
    scale: new Float32Array(count),
    rotation: new Float32Array(count),
    occlusion: new Float32Array(count),
  };
  for (let i = 0; i < count; i++) {
    const scene = drawScene(fold(splitKey, i), levels[level]);
    factors.occlusion[i] = rasterise(scene, size, canvas, images.subarray(i * length, (i + 1) * length));
    factors.shape[i] = scene.shape;
    factors.colour[i] = scene.colour;
    factors.count[i] = scene.objects.length - 1;
    factors.background[i] = scene.background;
    const { x, y, radius, rotation } = scene.objects[0]!;
    factors.position[2 * i] = x;
    factors.position[2 * i + 1] = y;
    factors.scale[i] = radius;
    factors.rotation[i] = rotation;
  }
  return {
    name: level === "medium" ? "scenes" : `scenes (${level})`,
    images,
    labels: factors.shape,
    count,
    height: size,
    width: size,
    channels: 3,
    classes: shapeNames,
    factors,
  };
}

/** The same images with the classes of another task. */
export function sceneTask(dataset: SceneDataset, task: SceneClassTask): SceneDataset {
  const classes = {
    shape: shapeNames,
    colour: colourNames,
    count: Array.from({ length: dataset.factors.count.reduce((a, b) => Math.max(a, b), 0) + 1 }, (_, i) =>
      String(i + 1),
    ),
    background: backgroundNames,
  };
  return { ...dataset, labels: dataset.factors[task], classes: classes[task] };
}

/** The numbers of a regression task: float32 [count, width]. */
export function sceneTargets(
  { factors, count }: SceneDataset,
  task: SceneRegressionTask,
): { readonly data: Float32Array; readonly shape: readonly [number, number] } {
  return { data: factors[task], shape: [count, factors[task].length / count] };
}
