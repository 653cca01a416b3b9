/** Fused operations of the blocked lowering: what they fuse, and that masks and sums stay exact. */
import { expect, it } from "vitest";
import { valueAndGrad } from "../../src/engine/grad.js";
import { hostTensor } from "../../src/engine/host.js";
import { jit } from "../../src/engine/jit.js";
import { probeCpu } from "../../src/engine/run/device.js";
import { tf } from "../../src/engine/tf.js";
import { normaliseBatch } from "../../src/nn/batch-norm.js";
import { expectClose } from "../support/close.js";
import { floats } from "../support/data.js";
import { describeWhere, noBlocks } from "../support/needs.js";
import { eagerly, withGradients } from "./programs.js";

const { target } = await probeCpu();
const image = floats([3, 4, 4, 16], 1);
const filter = floats([3, 3, 16, 16], 2, -0.2, 0.2);
const vectors = [floats([16], 3, 0.5, 1.5), floats([16], 4)] as const;

const conv = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 1);

const programs: { [name: string]: (...args: tf.Tensor[]) => tf.Tensor } = {
  "batch norm and ReLU": (x, w, a, b) =>
    tf.relu(normaliseBatch(conv(x!, w!), a as tf.Tensor1D, b as tf.Tensor1D).output),
  "a residual block": (x, w, a, b) => {
    const first = tf.relu(tf.add(tf.mul(conv(x!, w!), a!), b!));
    return tf.relu(tf.add(tf.add(tf.mul(conv(first, w!), a!), b!), first));
  },
  "a scaled convolution with a bias": (x, w, a, b) => tf.relu(tf.add(tf.mul(conv(x!, w!), a!), b!)),
  "two chains added": (x, w, a, b) => {
    const y = conv(x!, w!);
    return tf.add(tf.sub(tf.mul(y, a!), b!), tf.add(tf.mul(tf.neg(y), b!), a!));
  },
  "a chain that others use too": (x, w, a, b) => {
    const y = tf.add(tf.mul(conv(x!, w!), a!), b!);
    return tf.add(tf.mul(tf.relu(y), b!), tf.mul(y, tf.mean(tf.mul(y, y), [0, 1, 2])));
  },
  "a convolution and itself": (x, w) => {
    const y = conv(x!, w!);
    return tf.add(y, y);
  },
};

describeWhere(target.block !== undefined, noBlocks, "fused operations compute what eager ones do", () => {
  for (const [name, program] of Object.entries(programs))
    it(name, async () => {
      const gradient = withGradients(program, [0, 1, 2, 3].slice(0, program.length));
      const inputs = [image, filter, ...vectors].slice(0, program.length);
      for (const fn of [(...args: tf.Tensor[]) => [program(...args)], gradient]) {
        const compiled = jit(fn as (...args: tf.Tensor[]) => tf.Tensor[], { lowering: "blocked" });
        const results = await compiled(...(inputs as never[]));
        const expected = eagerly(fn, inputs);
        for (const [i, { data }] of expected.entries())
          expectClose(await results[i]!.data(), data, { absolute: 1e-5, relative: 1e-5 }, `result ${i}`);
        await compiled.dispose();
      }
    });

  it("leaves no elementwise pass between convolution and convolution but the fused one", async () => {
    const net = jit(
      (x: tf.Tensor, w: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
        conv(tf.relu(tf.add(tf.mul(conv(x, w), a), b)), w),
      { lowering: "blocked" },
    );
    const { operators } = await net.profile(image, filter, ...vectors);
    const names = operators.map(({ name }) => name);
    for (const name of ["Relu", "Add"]) expect(names).not.toContain(name);
    // Scale, shift and ReLU went into the first convolution.
    expect(operators.find(({ name }) => name === "Conv")!.count).toBe(2);
    await net.dispose();
  });

  it("masks the gradient of a ReLU exactly: at 0, at −0, at the smallest and largest numbers", async () => {
    const special = [0, -0, 1e-45, -1e-45, 1e-38, 3e38, -3e38, 1, -1, 2 ** -126, 5e-40, 0.5];
    const x = hostTensor(
      Float32Array.from({ length: 2 * 2 * 3 * 16 }, (_, i) => special[i % special.length]!),
      [2, 2, 3, 16],
    );
    // The input gradient of this convolution puts the ReLU into the blocked layout, and changes no bit.
    const unit = hostTensor(
      Float32Array.from({ length: 256 }, (_, i) => (i % 17 === 0 ? 1 : 0)),
      [1, 1, 16, 16],
    );
    const mask = jit(
      (values: tf.Tensor, w: tf.Tensor) =>
        valueAndGrad((v: tf.Tensor) => {
          const y = tf.relu(tf.conv2d(v as tf.Tensor4D, w as tf.Tensor4D, 1, 0));
          return { loss: tf.sum(tf.conv2d(y as tf.Tensor4D, w as tf.Tensor4D, 1, 0)) };
        })(values).grads,
      { lowering: "blocked" },
    );
    expect(Array.from(await (await mask(x, unit)).data())).toEqual(
      Array.from(x.data, (value) => (value > 0 ? 1 : 0)),
    );
    await mask.dispose();
  });
});
