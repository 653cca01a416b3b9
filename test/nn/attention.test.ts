/** GELU and layer norm have gradients of their own: held against those of the composed formulas, eager and compiled. */
import { describe, expect, it } from "vitest";
import { jit } from "../../src/engine/jit.js";
import { tf } from "../../src/engine/tf.js";
import { gelu, normaliseFeatures } from "../../src/nn/attention.js";
import { eagerly, withGradients } from "../engine/programs.js";
import { expectClose } from "../support/close.js";
import { floats } from "../support/data.js";

const pairs: { readonly [name: string]: readonly ((x: tf.Tensor) => tf.Tensor)[] } = {
  gelu: [gelu, (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))],
  "layer norm": [
    (x) => normaliseFeatures(x, 1e-6),
    (x) => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      return tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-6)));
    },
  ],
};

describe("functions with gradients of their own", () => {
  for (const [name, [own, composed]] of Object.entries(pairs))
    it(name, async () => {
      const inputs = [floats([3, 5, 12], 1, -4, 4)];
      const expected = eagerly(withGradients(composed as never, [0]), inputs);
      const gradient = withGradients(own as never, [0]);
      const program = jit(gradient as (x: tf.Tensor) => tf.Tensor[], { threads: 1 });
      const compiled = await program(inputs[0] as never);
      for (const [i, { data }] of expected.entries()) {
        const close = { absolute: 2e-6, relative: 1e-5 };
        expectClose(eagerly(gradient, inputs)[i]!.data, data, close, `eager ${i}`);
        expectClose(await compiled[i]!.data(), data, close, `compiled ${i}`);
      }
      expect(compiled).toHaveLength(2);
      await program.dispose();
    });
});
