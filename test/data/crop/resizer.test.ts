/** Boxes resized as torchvision resizes them; the WebAssembly is what its source says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BoxResizer } from "../../../src/data/crop/resizer.js";
import { ShapeError } from "../../../src/support/errors.js";
import { boxesWithin } from "../../support/boxes.js";

interface Case {
  readonly box: { top: number; left: number; height: number; width: number };
  readonly flipped: boolean;
  readonly size: [number, number];
  readonly pixels: string;
}

const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/boxes.json"), "utf8"),
) as readonly Case[];
const [height, width] = [40, 56];

/** The image of write_boxes.py. */
function fixtureImage(): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (((state >>> 24) >> 1) + Math.floor(i / 60)) % 256;
  });
}

function resized({ box, size, flipped }: Omit<Case, "pixels">, pixels = fixtureImage()): Uint8Array {
  const resizer = new BoxResizer();
  resizer.image(height, width).set(pixels);
  // The bytes around the result must stay what they are.
  const out = new Uint8Array(3 * size[0] * size[1] + 40).fill(77);
  resizer.resize(box, size, flipped, out, 20);
  expect([...out.subarray(0, 20), ...out.subarray(-20)]).toEqual(new Array(40).fill(77));
  return out.subarray(20, -20);
}

test.each(cases)("as torchvision, to one level: $box to $size, flipped: $flipped", (one) => {
  const expected = Buffer.from(one.pixels, "base64");
  const got = resized(one);
  expect(got).toHaveLength(expected.length);
  const differences = expected.map((value, i) => Math.abs(value - got[i]!));
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
});

describe("properties", () => {
  const boxes = boxesWithin(height, width);
  const sizes = fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }));

  test("an even image stays even", () => {
    fc.assert(
      fc.property(boxes, sizes, fc.nat(255), (box, size, level) => {
        const out = resized({ box, size, flipped: false }, new Uint8Array(height * width * 3).fill(level));
        expect(out.every((value) => value === level)).toBe(true);
      }),
    );
  });

  test("a box of the wanted size is copied, or mirrored", () => {
    fc.assert(
      fc.property(boxes, (box) => {
        const size: [number, number] = [box.height, box.width];
        const image = fixtureImage();
        const pixel = (y: number, x: number): number[] => {
          const at = 3 * ((box.top + y) * width + box.left + x);
          return [...image.subarray(at, at + 3)];
        };
        for (const flipped of [false, true]) {
          const out = resized({ box, size, flipped });
          for (const [y, x] of [
            [0, 0],
            [box.height - 1, box.width - 1],
            [box.height >> 1, box.width >> 1],
          ] as const) {
            const at = 3 * (y * box.width + x);
            expect([...out.subarray(at, at + 3)]).toEqual(pixel(y, flipped ? box.width - 1 - x : x));
          }
        }
      }),
    );
  });

  test("what lies outside of the box does not count", () => {
    fc.assert(
      fc.property(boxes, sizes, (box, size) => {
        const other = fixtureImage().map((value, i) => {
          const [y, x] = [Math.floor(i / (3 * width)) - box.top, (Math.floor(i / 3) % width) - box.left];
          return y >= 0 && y < box.height && x >= 0 && x < box.width ? value : 255 - value;
        });
        expect(resized({ box, size, flipped: false }, other)).toEqual(resized({ box, size, flipped: false }));
      }),
    );
  });
});

test("a box beyond the image is an error", () => {
  const resizer = new BoxResizer();
  resizer.image(4, 5);
  const out = new Uint8Array(12);
  for (const box of [
    { top: 0, left: 0, height: 5, width: 5 },
    { top: -1, left: 0, height: 2, width: 2 },
    { top: 0, left: 4, height: 2, width: 2 },
    { top: 0, left: 0, height: 0, width: 2 },
  ])
    expect(() => resizer.resize(box, [2, 2], false, out, 0)).toThrow(ShapeError);
});
