/** Features by layer: what the layers give one by one, of every kind of encoder. */
import { describe, expect, test } from "vitest";
import { type Encoder, encode } from "../../src/evaluate/encode.js";
import { encodeLayers } from "../../src/evaluate/encode-layers.js";
import { cka } from "../../src/evaluate/geometry.js";
import { convnet } from "../../src/nn/convnet.js";
import type { Layer } from "../../src/nn/layer.js";
import { namedResnet } from "../../src/nn/resnet.js";
import { vgg } from "../../src/nn/vgg.js";
import { vit } from "../../src/nn/vit.js";
import { key } from "../../src/random/index.js";
import { expectClose } from "../support/close.js";
import { ints } from "../support/data.js";

const imageShape = [8, 8, 3];
const images = {
  images: Uint8Array.from(ints([20, ...imageShape], 1, 0, 255).data),
  count: 20,
  height: 8,
  width: 8,
  channels: 3,
};
const encoderOf = (layer: Layer): Encoder => ({ layer, variables: layer.init(key(1)), imageShape });

describe("encodeLayers", () => {
  test.each<[string, Layer, string[]]>([
    ["ConvNet", convnet(imageShape, { widths: [4, 8] }), ["block1", "block2", "representation"]],
    [
      "VGG",
      vgg("vgg11", imageShape, { width: 4 }),
      ["stage1", "stage2", "stage3", "stage4", "stage5", "representation"],
    ],
    [
      "ResNet",
      namedResnet("resnet8", imageShape, { width: 4 }),
      ["conv1", "bn1", "relu", "layer1", "layer2", "layer3", "representation"],
    ],
    [
      "ViT",
      vit(imageShape, { patch: 4, width: 12, depth: 2, heads: 2 }),
      ["encoder_layer_0", "encoder_layer_1", "representation"],
    ],
  ])("names the layers of a %s in their order, and ends with its representation", async (_, layer, names) => {
    const encoder = encoderOf(layer);
    const found = await encodeLayers(encoder, images);
    expect([...found.keys()]).toEqual(names);
    for (const { shape } of found.values()) expect(shape[0]).toBe(20);
    const whole = await encode(encoder, images);
    expectClose(found.get("representation")!.data, whole.data, { absolute: 1e-5 });
  });

  test("a layer's features are the mean of its output over places", async () => {
    const first = convnet(imageShape, { widths: [4] });
    const both = convnet(imageShape, { widths: [4, 8] });
    const encoder = encoderOf(both);
    const found = await encodeLayers(encoder, images);
    // The first block alone, whose weights are the same, followed by the mean over pixels.
    const { params, state } = encoder.variables as unknown as Record<string, Record<string, never>>;
    const alone = { params: { block1: params!.block1 }, state: { block1: state!.block1 } };
    const expected = await encode({ ...encoder, layer: first, variables: alone as never }, images);
    expectClose(found.get("block1")!.data, expected.data, { absolute: 1e-5 });
  });

  test("layers have themselves in common, and less with one another", async () => {
    const found = await encodeLayers(encoderOf(convnet(imageShape, { widths: [4, 8] })), images);
    const [one, two] = [found.get("block1")!, found.get("block2")!];
    expect(cka(one, one)).toBeCloseTo(1, 6);
    expect(cka(one, two)).toBeLessThan(0.999);
  });
});
