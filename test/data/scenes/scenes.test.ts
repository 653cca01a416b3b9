/** Synthetic scenes: frozen pixels, true factors, shapes of equal area, balance, independence of number and resolution. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { backgroundNames } from "../../../src/data/scenes/backgrounds.js";
import { rasterise } from "../../../src/data/scenes/draw.js";
import { colourNames, drawScene, levels, type Scene } from "../../../src/data/scenes/scene.js";
import { sceneClassTasks, scenes, sceneTargets, sceneTask } from "../../../src/data/scenes/scenes.js";
import { shapeNames, shapes } from "../../../src/data/scenes/shapes.js";
import { fold, key } from "../../../src/random/index.js";
import { DataError } from "../../../src/support/errors.js";

test.each([
  ["easy", 32, "7a62dbe968877eea"],
  ["medium", 32, "b8d4726d9431ea8a"],
  ["medium", 64, "0ba8e89ec8a46137"],
  ["hard", 32, "0311b81c26c0f4ab"],
] as const)("the generator is frozen: %s, %d px", (level, size, expected) => {
  // Results rest on these pixels: a change of the generator is a new level or a new major version, never a new hash here.
  const { images, labels, factors } = scenes("train", { level, size, count: 64, seed: 7 });
  const hash = createHash("sha256").update(images).update(new Uint8Array(labels.buffer));
  for (const factor of Object.values(factors)) hash.update(new Uint8Array(factor.buffer));
  expect(hash.digest("hex").slice(0, 16)).toBe(expected);
});

test("a scene depends on seed, split and number alone", () => {
  const size = 32 * 32 * 3;
  const few = scenes("train", { count: 5, seed: 3 });
  const many = scenes("train", { count: 20, seed: 3 });
  expect(many.images.subarray(0, 5 * size)).toEqual(few.images);
  const images = (split: "train" | "test", seed: number): string =>
    Buffer.from(scenes(split, { count: 5, seed }).images).toString("base64");
  expect(new Set([images("train", 3), images("test", 3), images("train", 4), images("test", 4)]).size).toBe(
    4,
  );
});

test("every class of every task comes about equally often", () => {
  const data = scenes("train", { count: 4000 });
  for (const task of sceneClassTasks) {
    const { labels, classes } = sceneTask(data, task);
    const share = 4000 / classes.length;
    for (let c = 0; c < classes.length; c++) {
      const count = labels.filter((label) => label === c).length;
      expect(Math.abs(count - share), `${task}: ${classes[c]}`).toBeLessThan(5 * Math.sqrt(share));
    }
  }
  expect(sceneTask(data, "count").classes).toEqual(["1", "2", "3", "4"]);
});

describe("factors are what is drawn", () => {
  /** A scene with one object on black, nothing before it. */
  const plain = (shape: number): Scene => ({
    shape,
    colour: 0,
    background: 0,
    objects: [{ x: 0.45, y: 0.55, radius: 0.2, rotation: 0.7 }],
    paint: [1, 1, 1],
    ground: [
      [0, 0, 0],
      [0, 0, 0],
    ],
    pattern: { direction: [1, 0], period: 0.3, phase: 0, cloud: new Float32Array(25) },
  });
  const draw = (scene: Scene, side: number): Uint8Array => {
    const out = new Uint8Array(side * side * 3);
    rasterise(scene, side, new Float32Array(out.length), out);
    return out;
  };
  const coverage = (image: Uint8Array): number => image.reduce((sum, value) => sum + value, 0) / 255 / 3;

  test.each(shapeNames.map((name, i) => [name, i] as const))(
    "a %s has the area of its disc and lies within its reach",
    (_, i) => {
      const side = 256;
      const image = draw(plain(i), side);
      expect(coverage(image) / side ** 2).toBeCloseTo(Math.PI * 0.2 ** 2, 3);
      const reach = shapes[i]!.reach * 0.2 * side + 1;
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++)
          if (image[(y * side + x) * 3]! > 0)
            expect(Math.hypot(x + 0.5 - 0.45 * side, y + 0.5 - 0.55 * side)).toBeLessThan(reach + 1);
    },
  );

  test("edges are soft: the small image is the large one, averaged", () => {
    for (let i = 0; i < shapes.length; i++) {
      const [small, large] = [draw(plain(i), 32), draw(plain(i), 256)];
      for (let y = 0; y < 32; y++)
        for (let x = 0; x < 32; x++) {
          let mean = 0;
          for (let dy = 0; dy < 8; dy++)
            for (let dx = 0; dx < 8; dx++) mean += large[((8 * y + dy) * 256 + 8 * x + dx) * 3]! / 64;
          expect(Math.abs(small[(y * 32 + x) * 3]! - mean), `${shapeNames[i]} ${x} ${y}`).toBeLessThan(110);
        }
      expect(coverage(small) * 64).toBeCloseTo(coverage(large), -4);
    }
  });

  test("place, colour and hidden share", () => {
    const level = levels.medium;
    let hidden = 0;
    for (let i = 0; i < 300; i++) {
      const scene = drawScene(fold(key(1), i), level);
      const [main, ...others] = scene.objects;
      for (const { x, y, radius } of scene.objects) {
        expect(Math.min(x, y, 1 - x, 1 - y)).toBeGreaterThan(0);
        expect(radius).toBeLessThanOrEqual(main!.radius);
      }
      for (const other of others) expect(other.radius).toBeLessThan(0.5 * main!.radius);
      // The hue of the paint is nearest to that of its class.
      const [r, g, b] = scene.paint;
      const most = Math.max(r, g, b);
      const near = [r, g, b].map((value) => (value > most * 0.62 ? 1 : 0)).join("");
      const names = {
        "100": "red",
        "110": "yellow",
        "010": "green",
        "011": "cyan",
        "001": "blue",
        "101": "magenta",
      };
      const seen = names[near as keyof typeof names];
      const distance = Math.abs(colourNames.indexOf(seen as (typeof colourNames)[number]) - scene.colour);
      expect(Math.min(distance, 6 - distance)).toBeLessThanOrEqual(1);
      const out = new Uint8Array(32 * 32 * 3);
      const share = rasterise(scene, 32, new Float32Array(out.length), out);
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThan(0.75);
      if (!scene.bar) expect(share).toBe(0);
      if (share > 0) hidden++;
    }
    expect(hidden).toBeGreaterThan(50);
  });

  test("a bar over all hides half of a disc whose half it covers", () => {
    const scene = {
      ...plain(0),
      bar: { x: 0.45 - 0.5, y: 0.55, angle: 0, half: 0.5, paint: [0, 0, 0] as const },
    };
    const out = new Uint8Array(64 * 64 * 3);
    expect(rasterise(scene, 64, new Float32Array(out.length), out)).toBeCloseTo(0.5, 2);
  });

  test("the backgrounds differ, and fill the image", () => {
    const seen = backgroundNames.map((_, background) => {
      const scene: Scene = {
        ...plain(0),
        background,
        objects: [{ x: 0.5, y: 0.5, radius: 0.01, rotation: 0 }],
        ground: [
          [0, 0, 0],
          [1, 1, 1],
        ],
        pattern: {
          direction: [0.6, 0.8],
          period: 0.3,
          phase: 0.2,
          cloud: Float32Array.from({ length: 25 }, (_, i) => ((i * 7) % 5) / 4),
        },
      };
      return Buffer.from(draw(scene, 32)).toString("base64");
    });
    expect(new Set(seen).size).toBe(backgroundNames.length);
  });
});

test("regression targets", () => {
  const data = scenes("test", { count: 50 });
  expect(sceneTargets(data, "position").shape).toEqual([50, 2]);
  expect(sceneTargets(data, "scale").shape).toEqual([50, 1]);
  const { data: scale } = sceneTargets(data, "scale");
  for (const value of scale) expect(value).toBeGreaterThanOrEqual(0.18 - 1e-6);
});

test("options out of range", () => {
  expect(() => scenes("train", { size: 8 })).toThrow(DataError);
  expect(() => scenes("train", { count: 0 })).toThrow(/count: expected 1 or more, got 0/);
});
