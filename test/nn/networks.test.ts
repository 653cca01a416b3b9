/** Networks held against torchvision's: features of the same weights, numbers of parameters, shapes. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type HostTensor, sizeOf } from "../../src/engine/host.js";
import { flatten, mapTree } from "../../src/engine/tree.js";
import { encode } from "../../src/evaluate/encode.js";
import type { Layer, Variables } from "../../src/nn/layer.js";
import { projector } from "../../src/nn/projector.js";
import { namedResnet } from "../../src/nn/resnet.js";
import { fromTorchvision, toTorchvision } from "../../src/nn/torchvision.js";
import { vgg } from "../../src/nn/vgg.js";
import { vit } from "../../src/nn/vit.js";
import { key } from "../../src/random/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { readNpz } from "../../src/train/npz.js";
import { withWeights } from "../../src/train/weights.js";
import { expectClose } from "../support/close.js";

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const expected = readNpz(fixture("expected.npz"));
const counts = JSON.parse(readFileSync(fixture("counts.json"), "utf8")) as Record<string, number>;

async function expectFeatures(name: string, layer: Layer, variables: Variables<HostTensor>): Promise<void> {
  const images = expected.get(`${name}/images`)!;
  const [count, height, width, channels] = images.shape as [number, number, number, number];
  const dataset = { images: images.data as Uint8Array, count, height, width, channels };
  const features = await encode({ layer, variables, imageShape: [height, width, channels] }, dataset);
  const wanted = expected.get(`${name}/features`)!;
  expect(features.shape).toEqual(wanted.shape);
  expectClose(features.data, wanted.data, { absolute: 1e-4, relative: 1e-4 }, name);
}

describe("weights of torchvision give the features that PyTorch makes", () => {
  test("ResNet-18 with a CIFAR stem, from .npz", async () => {
    const layer = withWeights(namedResnet("resnet18", [12, 12, 3], { width: 2 }), fixture("resnet18.npz"));
    await expectFeatures("resnet18", layer, layer.init(key(1)));
  });

  test("ResNet-50 with an ImageNet stem, from .safetensors in half precision", async () => {
    const resnet50 = namedResnet("resnet50", [40, 40, 3], { width: 2, stem: "imagenet" });
    const layer = withWeights(resnet50, fixture("resnet50.safetensors"));
    await expectFeatures("resnet50", layer, layer.init(key(1)));
  });

  test("ViT", async () => {
    const layer = withWeights(
      vit([12, 12, 3], { patch: 4, width: 8, depth: 2, heads: 2, mlpRatio: 2 }),
      fixture("vit.npz"),
    );
    await expectFeatures("vit", layer, layer.init(key(1)));
  });

  test("VGG-11 with batch norm", async () => {
    const layer = vgg("vgg11", [32, 32, 3], { width: 2 });
    const tensors = readNpz(fixture("vgg11.npz"));
    const { params, state } = layer.init(key(1));
    const take = (_: HostTensor, path: string): HostTensor => tensors.get(path)!;
    await expectFeatures("vgg11", layer, { params: mapTree(params, take), state: mapTree(state, take) });
  });

  test("there and back: the same tensors", () => {
    const layer = namedResnet("resnet18", [12, 12, 3], { width: 2 });
    const tensors = readNpz(fixture("resnet18.npz"));
    const back = toTorchvision(fromTorchvision(layer, tensors, "file"));
    expect(back.size).toBe(tensors.size);
    for (const [name, tensor] of tensors) expect(back.get(name), name).toEqual(tensor);
  });

  test("a network of another depth or width, or another name of file, is an error that says so", () => {
    const tensors = readNpz(fixture("resnet18.npz"));
    const load = (layer: Layer) => () => fromTorchvision(layer, tensors, "w.npz");
    expect(load(namedResnet("resnet34", [12, 12, 3], { width: 2 }))).toThrow(
      new DataError("w.npz: tensor layer1.2.conv1.weight is missing"),
    );
    expect(load(namedResnet("resnet18", [12, 12, 3], { width: 4 }))).toThrow(
      "w.npz: tensor conv1.weight: expected float32 [4, 3, 3, 3], got float32 [2, 3, 3, 3]",
    );
    expect(load(namedResnet("resnet8", [12, 12, 3], { width: 2 }))).toThrow(/layer1.1.conv1.weight/);
    expect(() => withWeights(namedResnet("resnet8", [12, 12, 3]), "weights.pt")).toThrow(ConfigError);
  });
});

function countOf(layer: Layer): number {
  return flatten<HostTensor>(layer.init(key(1)).params).leaves.reduce(
    (sum, { shape }) => sum + sizeOf(shape),
    0,
  );
}

describe("as many parameters as torchvision's, whose classifiers are counted by hand", () => {
  const shape = [224, 224, 3];
  const linear = (...widths: number[]): number =>
    widths.slice(1).reduce((sum, width, i) => sum + (widths[i]! + 1) * width, 0);
  test.each([
    ["resnet18", () => namedResnet("resnet18", shape, { stem: "imagenet" }), linear(512, 1000)],
    ["resnet34", () => namedResnet("resnet34", shape, { stem: "imagenet" }), linear(512, 1000)],
    ["resnet50", () => namedResnet("resnet50", shape, { stem: "imagenet" }), linear(2048, 1000)],
    ["vgg11", () => vgg("vgg11", shape, { norm: false }), linear(25088, 4096, 4096, 1000)],
    ["vgg11_bn", () => vgg("vgg11", shape), linear(25088, 4096, 4096, 1000)],
    ["vgg16", () => vgg("vgg16", shape, { norm: false }), linear(25088, 4096, 4096, 1000)],
    ["vgg16_bn", () => vgg("vgg16", shape), linear(25088, 4096, 4096, 1000)],
  ] as const)("%s", (name, create, classifier) => {
    expect(countOf(create()) + classifier).toBe(counts[name]);
  });
});

describe("shapes", () => {
  test.each([
    ["resnet34", namedResnet("resnet34", [28, 28, 1], { width: 4 }), 32],
    ["resnet50", namedResnet("resnet50", [28, 28, 1], { width: 4 }), 128],
    ["vgg16", vgg("vgg16", [28, 28, 1], { width: 4 }), 32],
    ["vit", vit([28, 20, 2], { width: 12, depth: 1 }), 12],
  ] as const)("%s: any number of channels, any size, any width", (_, layer, features) => {
    expect(layer.outputShape).toEqual([features]);
  });

  test("what cannot be is an error", () => {
    expect(() => vit([28, 30, 1])).toThrow("multiples of the patch's 4, got [28, 30, 1]");
    expect(() => vit([28, 28, 1], { width: 10 })).toThrow("heads: expected a divisor of the width 10, got 3");
    expect(() => vit([28, 28, 1], { patchKeep: 0 })).toThrow(ConfigError);
  });
});

describe("projector", () => {
  const shapes = (layer: Layer): string[] =>
    Object.entries(
      layer.init(key(1)).params as Record<string, { kernel?: HostTensor; bias?: HostTensor }>,
    ).map(([name, { kernel, bias }]) =>
      kernel ? `${name} ${kernel.shape.join("×")}${bias ? " + bias" : ""}` : name,
    );

  test("as FFCV-SSL builds it: widths, last layer without bias, the coefficient on the last hidden layer", () => {
    const last = "linear2 8×4";
    expect(shapes(projector("8-4", 6))).toEqual(["linear1 6×8 + bias", "norm1", last]);
    expect(shapes(projector("8-4", 6, { coefficient: 2.6 }))[0]).toBe("linear1 6×20 + bias");
    expect(shapes(projector("4", 6, { coefficient: 2 }))).toEqual(["linear1 6×4"]);
    expect(projector("", 6).outputShape).toEqual([6]);
    expect(() => projector("8-4", 6, { coefficient: 0.1 })).toThrow("expected widths of 1 or more, got 0-4");
    expect(() => projector("8-", 6)).toThrow(ConfigError);
  });
});
