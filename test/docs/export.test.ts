/** The Python of the guide to exports runs as it stands there, on files that were exported. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  exportRun,
  key,
  namedResnet,
  readConfig,
  toTorchvision,
  trainEncoder,
  writeSafeTensors,
} from "../../src/index.js";
import { describeWith, python } from "../support/needs.js";
import { readMarkdown } from "./markdown.js";

const [withOnnx, withTorch] = readMarkdown("docs/export.md")
  .blocks.filter(({ language }) => language === "python")
  .map(({ text }) => text) as [string, string];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jessl-export-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function runPython(code: string, cwd: string): string {
  return execFileSync(python, ["-c", code], { cwd, encoding: "utf8" }).trim();
}

describeWith(["python:numpy", "python:onnxruntime"], "ONNX, as the guide reads it", () => {
  test("images go in, their representations come out", async () => {
    const config = readConfig(undefined, [
      "name=run",
      "data.train=32",
      "batch=32",
      "epochs=1",
      "tensorboard=false",
    ]);
    await trainEncoder(config, { runs: folder });
    await exportRun(join(folder, "run"), { batch: 64 });
    const shown = runPython(
      `${withOnnx}\nprint(features.shape, features.dtype)`,
      join(folder, "run/exported"),
    );
    expect(shown).toBe("(64, 128) float32");
  });
});

describeWith(
  ["python:torch", "python:torchvision", "python:safetensors"],
  "weights, as the guide reads them",
  () => {
    test("a ResNet's load into torchvision's", () => {
      const layer = namedResnet("resnet18", [64, 64, 3], { stem: "imagenet" });
      writeSafeTensors(join(folder, "encoder.safetensors"), toTorchvision(layer.init(key(1))), {
        format: "pt",
      });
      const code = `${withTorch}\nprint(net(torch.zeros(2, 3, 64, 64)).shape[1])`;
      expect(runPython(code, folder)).toBe("512");
    });
  },
);
