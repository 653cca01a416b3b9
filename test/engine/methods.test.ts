import { describe, expect, it } from "vitest";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { eager, jit } from "../../src/engine/jit.js";
import { tf } from "../../src/engine/tf.js";
import { flatten, leafPaths, mapTree, type Tree } from "../../src/engine/tree.js";
import { simclr } from "../../src/loss/simclr.js";
import { convnet } from "../../src/nn/convnet.js";
import type { Layer } from "../../src/nn/layer.js";
import { projector } from "../../src/nn/projector.js";
import { namedResnet } from "../../src/nn/resnet.js";
import { adamw } from "../../src/optim/adamw.js";
import { lars } from "../../src/optim/lars.js";
import type { Optimiser } from "../../src/optim/optimiser.js";
import { sgd } from "../../src/optim/sgd.js";
import { key } from "../../src/random/index.js";
import { relativeError } from "../support/close.js";
import { floats, ints } from "../support/data.js";

interface State<T> {
  readonly params: { readonly encoder: Tree<T>; readonly head: Tree<T> };
  readonly state: { readonly encoder: Tree<T>; readonly head: Tree<T> };
  readonly optimiser: Tree<T>;
}

/** One step of SimCLR on two views that come stacked, [2N, H, W, C] uint8. */
function simclrStep(encoder: Layer, head: Layer, optimiser: Optimiser) {
  return (now: State<tf.Tensor>, images: tf.Tensor, lr: tf.Tensor) => {
    const { loss, aux, grads } = valueAndGrad((params: State<tf.Tensor>["params"]) => {
      const pixels = tf.div(tf.cast(images, "float32"), 255);
      const e = encoder.apply({ params: params.encoder, state: now.state.encoder }, pixels, true);
      const h = head.apply({ params: params.head, state: now.state.head }, e.output, true);
      const [z1, z2] = tf.split(h.output as tf.Tensor2D, 2, 0) as [tf.Tensor2D, tf.Tensor2D];
      return { loss: simclr(z1, z2), aux: { encoder: e.state, head: h.state } };
    })(now.params);
    const { params, state } = optimiser.update(now.params, grads, now.optimiser, lr);
    return { loss, grads, next: { params, state: aux, optimiser: state } };
  };
}

// Squares of 4 × 4 pixels of one colour, with some noise: images that differ as images do. Of pure noise, an average
// over all pixels leaves next to nothing, and the batch norm after it scales up the rounding.
const images = (() => {
  const [count, side, channels] = [32, 8, 3];
  const squares = ints([count, 2, 2, channels], 8, 0, 226).data;
  const noise = ints([count, side, side, channels], 9, 0, 30).data;
  const data = Uint8Array.from(noise, (value, i) => {
    const [image, row] = [Math.floor(i / (side * side * channels)), Math.floor(i / (side * channels)) % side];
    const column = Math.floor(i / channels) % side;
    const square = (image * 2 + (row >> 2)) * 2 + (column >> 2);
    return value + squares[square * channels + (i % channels)]!;
  });
  return hostTensor(data, [count, side, side, channels]);
})();

/**
 * Biases, scales and shifts that are not 0 and 1, as in a network that has trained for a while. AdamW's first steps have
 * length lr whatever the gradient, so from 0 on a parameter would be nothing but the sign of rounding.
 */
function awake<P extends Tree<HostTensor>>(params: P): P {
  return mapTree<HostTensor, HostTensor>(params, (leaf, path) => {
    if (leaf.shape.length > 1) return leaf;
    const offsets = floats(leaf.shape, path.length, -0.3, 0.3).data;
    return hostTensor(
      Float32Array.from(leaf.data, (value, i) => value + offsets[i]!),
      leaf.shape,
    );
  }) as P;
}

async function numbers(tree: unknown): Promise<Map<string, ArrayLike<number>>> {
  const paths = leafPaths(tree as Tree<DeviceTensor>);
  const leaves = flatten(tree as Tree<DeviceTensor>).leaves;
  return new Map(await Promise.all(leaves.map(async (leaf, i) => [paths[i]!, await leaf.data()] as const)));
}

// A bias before batch norm moves nothing: its gradient is zero in exact arithmetic, and what is computed is rounding,
// which AdamW scales up. Only the batch norm's running mean sees it.
const idle = ["head.linear1.bias", "head.norm1.mean"];

describe("compiled SimCLR equals the eager one: loss, every gradient and updated weights over three steps", () => {
  const encoders: { [name: string]: () => Layer } = {
    ConvNet: () => convnet([8, 8, 3], { widths: [8, 16, 32] }),
    "ResNet-8": () => namedResnet("resnet8", [8, 8, 3], { width: 8 }),
  };
  const optimisers: { [name: string]: [Optimiser, number] } = {
    SGD: [sgd({ momentum: 0.9, weightDecay: 1e-4 }), 0.01],
    AdamW: [adamw({ weightDecay: 1e-2 }), 2e-4],
    LARS: [lars({ weightDecay: 1e-4 }), 0.2],
  };
  for (const [encoderName, makeEncoder] of Object.entries(encoders))
    for (const [optimiserName, [optimiser, lr]] of Object.entries(optimisers))
      it(`${encoderName}, ${optimiserName}`, async () => {
        const encoder = makeEncoder();
        const head = projector("24-8", encoder.outputShape[0]!);
        const [e, h] = [encoder.init(key(3)), head.init(key(4))];
        const params = awake({ encoder: e.params, head: h.params });
        const start = {
          params,
          state: { encoder: e.state, head: h.state },
          optimiser: optimiser.init(params),
        };
        const step = simclrStep(encoder, head, optimiser);
        const [compiled, reference] = [jit(step), eager(step)];
        let [a, b] = [start, start] as unknown as [State<HostTensor>, State<HostTensor>];
        for (let i = 0; i < 3; i++) {
          const [x, y] = [await compiled(a, images, lr), await reference(b, images, lr)];
          const [actual, expected] = [await numbers(x), await numbers(y)];
          expect([...actual.keys()]).toEqual([...expected.keys()]);
          for (const [path, wanted] of expected) {
            const got = actual.get(path)!;
            if (!idle.some((name) => path.endsWith(name)))
              expect(relativeError(got, wanted), `step ${i} ${path}`).toBeLessThanOrEqual(1e-5);
            else if (path.startsWith("grads"))
              for (const g of [got, wanted]) expect(Math.max(...Array.from(g, Math.abs))).toBeLessThan(1e-6);
          }
          [a, b] = [x.next, y.next] as unknown as [State<HostTensor>, State<HostTensor>];
        }
        await compiled.dispose();
      });
});
