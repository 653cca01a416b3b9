/** Every encoder, small: compiled it gives the output, the gradients and the state that it gives eagerly. */
import { describe, expect, test } from "vitest";
import type { DeviceTensor } from "../../src/engine/device-tensor.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import { type HostTensor, hostTensor } from "../../src/engine/host.js";
import { eager, jit } from "../../src/engine/jit.js";
import { tf } from "../../src/engine/tf.js";
import { flatten, leafPaths, mapTree, type Tree } from "../../src/engine/tree.js";
import type { Layer } from "../../src/nn/layer.js";
import { resnet } from "../../src/nn/resnet.js";
import { vgg } from "../../src/nn/vgg.js";
import { vit } from "../../src/nn/vit.js";
import { key } from "../../src/random/index.js";
import { relativeError } from "../support/close.js";
import { floats } from "../support/data.js";

type Trees = Tree<tf.Tensor>;

/** A loss that weighs every feature of every sample otherwise, in training mode. */
function step(layer: Layer, features: number) {
  return (params: Trees, state: Trees, images: tf.Tensor, weights: tf.Tensor) =>
    valueAndGrad((p: Trees) => {
      const { output, state: next } = layer.apply({ params: p, state }, images, true);
      expect(output.shape).toEqual([images.shape[0], features]);
      return { loss: tf.mean(tf.mul(output, weights)), aux: { output, next } };
    })(params);
}

const encoders: { [name: string]: [Layer, number[]] } = {
  "ResNet with basic blocks and an ImageNet stem": [
    resnet([20, 20, 2], { blocks: [1, 1], width: 4, stem: "imagenet" }),
    [20, 20, 2],
  ],
  "ResNet with bottlenecks": [resnet([6, 6, 3], { blocks: [1, 2], bottleneck: true, width: 2 }), [6, 6, 3]],
  "VGG-11": [vgg("vgg11", [8, 8, 1], { width: 2, norm: false }), [8, 8, 1]],
  "VGG-11 with batch norm": [vgg("vgg11", [8, 8, 1], { width: 2 }), [8, 8, 1]],
  "ViT with a class token": [vit([8, 8, 2], { width: 8, depth: 2, heads: 2 }), [8, 8, 2]],
  "ViT with a mean over patches": [vit([8, 4, 2], { width: 6, depth: 1, pool: "mean" }), [8, 4, 2]],
  "ViT that keeps half of the patches": [
    vit([8, 8, 2], { width: 8, depth: 1, heads: 2, patchKeep: 0.5 }),
    [8, 8, 2],
  ],
};

describe("compiled equals eager", () => {
  test.each(Object.keys(encoders))("%s", async (name) => {
    const [layer, shape] = encoders[name]!;
    const features = layer.outputShape[0]!;
    const { params, state } = layer.init(key(2));
    // Biases, scales and shifts that are not 0 and 1.
    const awake = mapTree<HostTensor, HostTensor>(params, (leaf, path) => {
      if (leaf.shape.length > 1) return leaf;
      const offsets = floats(leaf.shape, path.length, -0.3, 0.3).data;
      return hostTensor(
        Float32Array.from(leaf.data, (value, i) => value + offsets[i]!),
        leaf.shape,
      );
    });
    const images = floats([8, ...shape], 5, 0, 1);
    const weights = floats([8, features], 6);
    const compiled = jit(step(layer, features));
    const actual = await compiled(awake, state, images, weights);
    const expected = await eager(step(layer, features))(awake, state, images, weights);
    const paths = leafPaths(expected as Tree<DeviceTensor>);
    const [a, e] = [actual, expected].map((tree) => flatten(tree as Tree<DeviceTensor>).leaves);
    expect(a!.length).toBe(e!.length);
    for (const [i, wanted] of e!.entries()) {
      const [got, reference] = [await a![i]!.data(), await wanted.data()];
      // A bias before batch norm moves nothing, nor does one of the keys: their gradients are rounding, in both.
      const size = Math.max(...Array.from(reference, Math.abs));
      if (size > 1e-6) expect(relativeError(got, reference), paths[i]).toBeLessThanOrEqual(2e-5);
      else expect(Math.max(...Array.from(got, Math.abs)), paths[i]).toBeLessThan(1e-6);
    }
    await compiled.dispose();
  });
});

describe("patches that are kept", () => {
  const layer = vit([16, 16, 1], { patch: 4, width: 8, depth: 1, heads: 2, patchKeep: 0.25, pool: "mean" });
  const whole = vit([16, 16, 1], { patch: 4, width: 8, depth: 1, heads: 2, pool: "mean" });
  const { params, state } = layer.init(key(3));
  const images = floats([2, 16, 16, 1], 4, 0, 1);
  const run = eager((p: Trees, s: Trees, x: tf.Tensor, noise: tf.Tensor) => {
    const training = layer.apply({ params: p, state: s }, tf.add(x, noise), true);
    return { output: training.output, state: training.state };
  });

  /** Patches whose change changes the output. */
  async function seen(now: Tree<HostTensor>): Promise<{ patches: number[]; next: Tree<HostTensor> }> {
    const silence = hostTensor(new Float32Array(256), [1, 16, 16, 1]);
    const base = await run(params, now, images, silence);
    const before = await base.output.data();
    const patches: number[] = [];
    for (let patch = 0; patch < 16; patch++) {
      const data = Float32Array.from({ length: 256 }, (_, i) =>
        Math.floor(i / 64) * 4 + Math.floor((i % 16) / 4) === patch ? i % 3 : 0,
      );
      const { output } = await run(params, now, images, hostTensor(data, [1, 16, 16, 1]));
      if ((await output.data()).some((value, i) => value !== before[i])) patches.push(patch);
    }
    const { dice } = base.state as unknown as { dice: DeviceTensor };
    return { patches, next: { dice: await dice.host() } };
  }

  test("a quarter of them in training, others each step, all of them in the end", async () => {
    const steps: number[][] = [];
    let now = state;
    for (let i = 0; i < 20; i++) {
      const { patches, next } = await seen(now);
      steps.push(patches);
      now = next;
    }
    for (const patches of steps) expect(patches).toHaveLength(4);
    expect(new Set(steps.map(String)).size).toBeGreaterThan(15);
    expect(new Set(steps.flat()).size).toBe(16);
  });

  test("all of them in evaluation, where nothing is thrown", async () => {
    const evaluate = (l: Layer) =>
      eager((p: Trees, s: Trees, x: tf.Tensor) => l.apply({ params: p, state: s }, x, false))(
        params,
        state,
        images,
      );
    const [a, b] = [await evaluate(layer), await evaluate(whole)];
    expect(await a.output.data()).toEqual(await b.output.data());
    const { dice } = a.state as unknown as { dice: DeviceTensor };
    expect(await dice.data()).toEqual((state as { dice: HostTensor }).dice.data);
  });
});
