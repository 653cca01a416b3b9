/** An exported encoder: Python's onnxruntime and safetensors read it and get the same features and weights. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encode } from "../../src/evaluate/encode.js";
import { fromTorchvision } from "../../src/nn/torchvision.js";
import { readConfig } from "../../src/train/config/parse.js";
import { exportRun } from "../../src/train/export.js";
import { readSafeTensors } from "../../src/train/safetensors.js";
import { trainEncoder } from "../../src/train/train.js";
import { expectClose } from "../support/close.js";
import { ints } from "../support/data.js";
import { describeWith, python } from "../support/needs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-export-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function trained(...overrides: string[]) {
  const config = readConfig(undefined, [
    "name=run",
    "data.train=32",
    "batch=16",
    "epochs=1",
    "tensorboard=false",
    "projector=8-8",
    ...overrides,
  ]);
  const { encoder } = await trainEncoder(config, { runs: folder });
  return { encoder, files: await exportRun(join(folder, "run"), { batch: 3 }) };
}

test("safetensors: PyTorch's names and layouts, which read back as the same weights", async () => {
  const { encoder, files } = await trained("encoder={name: resnet18, width: 2}");
  const { tensors, metadata } = readSafeTensors(files.safetensors);
  expect(tensors.get("layer2.0.downsample.0.weight")!.shape).toEqual([4, 2, 1, 1]);
  expect(JSON.parse(metadata.encoder!)).toMatchObject({ name: "resnet18", width: 2 });
  expect(fromTorchvision(encoder.layer, tensors, "file")).toEqual(encoder.variables);
});

const script = `
import json, sys
import numpy as np, onnxruntime
from safetensors.numpy import load_file
onnx, weights, images = sys.argv[1:]
session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
x = np.array(json.load(open(images)), dtype=np.uint8).reshape(session.get_inputs()[0].shape)
state = load_file(weights)
print(json.dumps({
    "features": session.run(None, {name: x})[0].ravel().tolist(),
    "tensors": {k: list(v.shape) for k, v in state.items()},
}))
`;

describeWith(["python:onnxruntime", "python:safetensors", "python:numpy"], "in Python", () => {
  test.each([
    ["ConvNet", ["encoder.widths=[4,8]"]],
    ["ViT", ["encoder={name: vit, width: 8, depth: 1, heads: 2, patch: 7}"]],
  ])("%s: the same features", async (_, overrides) => {
    const { encoder, files } = await trained(...overrides);
    const images = ints([3, 28, 28, 1], 4, 0, 256);
    writeFileSync(join(folder, "images.json"), JSON.stringify([...images.data]));
    const out = execFileSync(
      python,
      ["-c", script, files.onnx, files.safetensors, join(folder, "images.json")],
      { encoding: "utf8" },
    );
    const { features, tensors } = JSON.parse(out) as {
      features: number[];
      tensors: Record<string, number[]>;
    };
    const bytes = { images: Uint8Array.from(images.data), count: 3, height: 28, width: 28, channels: 1 };
    expectClose(features, (await encode(encoder, bytes)).data, { absolute: 1e-5, relative: 1e-4 });
    expect(Object.keys(tensors).length).toBeGreaterThan(5);
  });
});
