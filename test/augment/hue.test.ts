/** Turning the hue, against the sector-by-sector form of the HSV model, for colours at and between all its corners. */
import { expect, test } from "vitest";
import { turnHue } from "../../src/augment/color.js";
import { eager, hostTensor, jit, type tf } from "../../src/index.js";
import { expectClose } from "../support/close.js";

/** Hue in turns, saturation and value (Smith 1978, "Color gamut transform pairs"). */
function hsv([r, g, b]: readonly number[]): [number, number, number] {
  const value = Math.max(r!, g!, b!);
  const chroma = value - Math.min(r!, g!, b!);
  if (chroma === 0) return [0, 0, value];
  const sixths =
    value === r ? (g! - b!) / chroma : value === g ? 2 + (b! - r!) / chroma : 4 + (r! - g!) / chroma;
  return [(sixths / 6 + 1) % 1, chroma / value, value];
}

function rgb([hue, saturation, value]: readonly number[]): number[] {
  const sector = Math.floor(hue! * 6);
  const rest = hue! * 6 - sector;
  const [p, q, t] = [saturation!, saturation! * rest, saturation! * (1 - rest)].map((x) => value! * (1 - x));
  const sectors = [
    [value, t, p],
    [q, value, p],
    [p, value, t],
    [p, q, value],
    [t, p, value],
    [value, p, q],
  ];
  return sectors[sector % 6] as number[];
}

const levels = [0, 0.2, 0.5, 0.51, 1];
const colours = levels.flatMap((r) => levels.flatMap((g) => levels.map((b) => [r, g, b])));
const turns = [-0.5, -0.4, -1 / 3, -0.1, 0, 0.05, 1 / 6, 0.3, 0.5, 0.9];

test("every colour and every turn", async () => {
  const planes = turns.flatMap(() =>
    [0, 1, 2].flatMap((channel) => colours.map((colour) => colour[channel]!)),
  );
  const images = hostTensor(Float32Array.from(planes), [turns.length, 3, 1, colours.length]);
  const expected = turns.flatMap((turn) => {
    const turned = colours.map((colour) => {
      const [hue, saturation, value] = hsv(colour);
      return rgb([(hue + turn + 1) % 1, saturation, value]);
    });
    return [0, 1, 2].flatMap((channel) => turned.map((colour) => colour[channel]!));
  });
  const turn = hostTensor(Float32Array.from(turns), [turns.length]);
  const fn = (x: tf.Tensor4D, by: tf.Tensor1D) => turnHue(x, by);
  const compiled = jit(fn);
  for (const run of [eager(fn), compiled])
    expectClose((await (await run(images, turn)).host()).data, expected, { absolute: 2e-6, relative: 0 });
  expect(expected.length).toBe(planes.length);
  await compiled.dispose();
});
