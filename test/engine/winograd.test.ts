/**
 * Convolutions and gradients by Winograd's filtering, where the blocked lowering takes it, against the direct ones of the
 * portable lowering: the greatest difference against the greatest element.
 */
import { expect, it } from "vitest";
import { jit } from "../../src/engine/jit.js";
import { probeCpu } from "../../src/engine/run/device.js";
import { tf } from "../../src/engine/tf.js";
import { relativeError } from "../support/close.js";
import { floats } from "../support/data.js";
import { describeWhere, noBlocks } from "../support/needs.js";
import { withGradients } from "./programs.js";

const { target } = await probeCpu();

const cases = [
  { name: "whole tiles", image: [32, 8, 8, 64], filters: 64, pad: "same" },
  { name: "one tile", image: [32, 4, 4, 96], filters: 64, pad: "same" },
  { name: "tiles over the edge", image: [16, 7, 6, 96], filters: 128, pad: "same" },
  { name: "no padding", image: [16, 10, 6, 96], filters: 64, pad: "valid" },
  { name: "padding on one side", image: [16, 8, 8, 96], filters: 96, pad: [[0, 0], [0, 2], [2, 0], [0, 0]] },
] as const; // biome-ignore format: a table

describeWhere(target.block !== undefined, noBlocks, "Winograd's filtering", () => {
  for (const { name, image, filters, pad } of cases)
    it(`${name}: ${image.join(" × ")} to ${filters} channels`, async () => {
      const convolve = (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad as "same");
      const gradients = withGradients(convolve as never, [0, 1]);
      const fn = (...args: tf.Tensor[]): tf.Tensor[] => {
        const [, ...grads] = gradients(...args) as tf.Tensor[]; // without the loss, a sum near zero
        return [convolve(args[0]!, args[1]!), ...grads];
      };
      const inputs = [floats(image, 1), floats([3, 3, image[3], filters], 2, -0.2, 0.2)];
      const [blocked, portable] = (["blocked", "portable"] as const).map((lowering) =>
        jit(fn, { lowering, threads: 1 }),
      );
      const operators = Buffer.from(await blocked!.onnx(...(inputs as never[]))).toString("latin1");
      expect(operators).toContain("transA");
      const results = await blocked!(...(inputs as never[]));
      const expected = await portable!(...(inputs as never[]));
      for (const [i, result] of results.entries())
        expect(relativeError(await result.data(), await expected[i]!.data())).toBeLessThanOrEqual(1e-5);
      await Promise.all([blocked!.dispose(), portable!.dispose()]);
    });
});
