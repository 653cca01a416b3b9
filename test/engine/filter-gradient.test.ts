/**
 * Filter gradients over batches that fill blocks. They sum over many terms of both signs, so they are held against
 * TensorFlow.js's cpu backend as whole tensors: the greatest difference against the greatest element.
 */
import { describe, expect, it } from "vitest";
import { jit } from "../../src/engine/jit.js";
import { type LoweringName, probeCpu } from "../../src/engine/run/device.js";
import { tf } from "../../src/engine/tf.js";
import { relativeError } from "../support/close.js";
import { floats } from "../support/data.js";
import { eagerly, withGradients } from "./programs.js";

const { target } = await probeCpu();
const lowerings: LoweringName[] = target.block === undefined ? ["portable"] : ["portable", "blocked"];

const batches = [
  [16, 16, 16],
  [32, 32, 16],
  [64, 16, 16],
  [16, 3, 16],
  [32, 1, 32],
  [16, 24, 16],
  [16, 16, 24],
] as const;
const filters = [
  { size: 3, stride: 1, pad: 1 },
  { size: 3, stride: 2, pad: 1 },
  { size: 3, stride: 3, pad: 0 },
  { size: 1, stride: 1, pad: 0 },
  { size: 1, stride: 1, pad: 1 },
  { size: 1, stride: 2, pad: 0 },
  { size: 2, stride: 2, pad: 0 },
  { size: 5, stride: 1, pad: 2 },
] as const;

describe.each(lowerings)("filter gradients of batches, lowering %s", (lowering) => {
  for (const [n, c, k] of batches)
    for (const { size, stride, pad } of filters)
      it(`${n} samples, ${c} to ${k} channels, ${size} × ${size}, stride ${stride}, pad ${pad}`, async () => {
        const convolve = (x: tf.Tensor, w: tf.Tensor) =>
          tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad);
        const gradient = withGradients(convolve as never, [1]);
        const inputs = [floats([n, 5, 4, c], 1), floats([size, size, c, k], 2, -0.2, 0.2)];
        const program = jit(gradient as (...args: tf.Tensor[]) => tf.Tensor[], { lowering, threads: 1 });
        const [, actual] = await program(...(inputs as never[]));
        const [, expected] = eagerly(gradient, inputs);
        expect(relativeError(await actual!.data(), expected!.data)).toBeLessThanOrEqual(1e-5);
        await program.dispose();
      });
});
