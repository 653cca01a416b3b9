/**
 * What a synthetic scene holds, and how it is drawn by lot. A scene shows `count` objects of one shape and one colour
 * before a background; the first object is the largest, and its place and size are the scene's. A bar may hide a part of
 * it. All is a function of one key.
 */
import { type Key, uniform } from "../../random/index.js";
import { cloudSide, type Pattern } from "./backgrounds.js";
import { shapeNames } from "./shapes.js";

export type Rgb = readonly [number, number, number];

/** An object; lengths are in image sides, its area is that of a disc of this radius. */
export interface SceneObject {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Radians. */
  readonly rotation: number;
}

export interface Scene {
  /** Places in shapeNames, colourNames and backgroundNames. */
  readonly shape: number;
  readonly colour: number;
  readonly background: number;
  /** The largest first. */
  readonly objects: readonly SceneObject[];
  readonly paint: Rgb;
  readonly ground: readonly [Rgb, Rgb];
  readonly pattern: Omit<Pattern, "soft">;
  /** A bar across the image: points whose distance from the line through (x, y) is less than `half`. */
  readonly bar?: {
    readonly x: number;
    readonly y: number;
    readonly angle: number;
    readonly half: number;
    readonly paint: Rgb;
  };
}

export interface Level {
  /** Radius of the largest object, least and greatest, in image sides. */
  readonly radius: readonly [number, number];
  /** Objects are turned by up to so much either way, in radians. */
  readonly rotation: number;
  /** The most objects. */
  readonly count: number;
  /** How far the two colours of the ground may be apart in brightness, 0 … 1. */
  readonly contrast: number;
  /** Kinds of background: the first so many of backgroundNames. */
  readonly backgrounds: number;
  /** The probability of a bar, and its greatest half width as a share of the object's radius. */
  readonly bar: readonly [probability: number, half: number];
}

/** How hard it is to tell the shape. `medium` is the default. */
export const levels = {
  easy: { radius: [0.24, 0.3], rotation: 0.15, count: 3, contrast: 0.15, backgrounds: 6, bar: [0, 0] },
  medium: {
    radius: [0.18, 0.27],
    rotation: Math.PI,
    count: 4,
    contrast: 0.4,
    backgrounds: 6,
    bar: [0.3, 0.25],
  },
  hard: { radius: [0.12, 0.2], rotation: Math.PI, count: 5, contrast: 0.8, backgrounds: 6, bar: [0.6, 0.4] },
} as const satisfies Readonly<Record<string, Level>>;

export type LevelName = keyof typeof levels;

/** The names of the colours, evenly spaced hues; a colour's class is its place here. */
export const colourNames = ["red", "yellow", "green", "cyan", "blue", "magenta"] as const;

/** Places tried for an object; the one that lies farthest from the others is taken. */
const tries = 6;

/** Draws a scene. */
export function drawScene(key: Key, level: Level): Scene {
  const numbers = uniform(key, 30 + (2 * tries + 1) * (level.count - 1) + cloudSide * cloudSide);
  let used = 0;
  const next = (): number => numbers[used++]!;
  const between = (low: number, high: number): number => low + (high - low) * next();
  const choose = (choices: number): number => Math.floor(next() * choices);

  const shape = choose(shapeNames.length);
  const colour = choose(colourNames.length);
  const background = choose(level.backgrounds);
  const count = 1 + choose(level.count);
  const radius = between(...level.radius);
  const margin = radius * 0.9;
  const turned = (): number => between(-level.rotation, level.rotation);
  const objects: SceneObject[] = [
    { x: between(margin, 1 - margin), y: between(margin, 1 - margin), radius, rotation: turned() },
  ];
  const small = between(0.35, 0.45) * radius;
  while (objects.length < count)
    objects.push({ ...farPlace(objects, small, between), radius: small, rotation: turned() });
  const main = objects[0]!;

  const paint = hsv((colour + between(-0.25, 0.25)) / colourNames.length, between(0.65, 1), between(0.65, 1));
  const light = between(0.1, 0.9);
  const other = light + (light < 0.5 ? 1 : -1) * level.contrast * between(0.3, 1);
  const ground = [hsv(next(), between(0, 0.35), light), hsv(next(), between(0, 0.35), clamp(other))] as const;
  const angle = between(0, Math.PI);
  const pattern = {
    direction: [Math.cos(angle), Math.sin(angle)] as const,
    period: between(0.2, 0.4),
    phase: next(),
    cloud: numbers.subarray(numbers.length - cloudSide * cloudSide),
  };
  const barred = next() < level.bar[0];
  const bar = {
    x: main.x + between(-0.8, 0.8) * radius,
    y: main.y + between(-0.8, 0.8) * radius,
    angle: between(0, Math.PI),
    half: between(0.4, 1) * level.bar[1] * radius,
    paint: hsv(next(), between(0, 0.35), next()),
  };
  return { shape, colour, background, objects, paint, ground, pattern, ...(barred ? { bar } : {}) };
}

function distance(a: { x: number; y: number }, b: { x: number; y: number }): number {
  return Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2);
}

/** Of some places, the one with the most room to the objects that are there. */
function farPlace(
  objects: readonly SceneObject[],
  radius: number,
  between: (low: number, high: number) => number,
): { x: number; y: number } {
  let best = { x: 0, y: 0 };
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < tries; i++) {
    const place = { x: between(radius, 1 - radius), y: between(radius, 1 - radius) };
    let room = Number.POSITIVE_INFINITY;
    for (const other of objects)
      room = Math.min(room, distance(place, other) - 1.3 * (radius + other.radius));
    // Enough room is enough; the rest of the places are drawn all the same, so that what follows does not move.
    if (room > most && most < 0) [best, most] = [place, room];
  }
  return best;
}

function clamp(x: number): number {
  return Math.min(1, Math.max(0, x));
}

/** Hue (in turns), saturation and value to red, green and blue, all 0 … 1. */
function hsv(hue: number, saturation: number, value: number): Rgb {
  const channel = (shift: number): number => {
    const sixth = (((hue * 6 + shift) % 6) + 6) % 6;
    return value * (1 - saturation * clamp(Math.min(sixth, 4 - sixth)));
  };
  return [channel(5), channel(3), channel(1)];
}
