/**
 * A trained encoder for other programs: as an ONNX file, images in and features out, weights inside, standard operators
 * only; and as safetensors, with PyTorch's names and layouts of weights.
 */
import { join } from "node:path";
import { type HostTensor, hostZeros } from "../engine/host.js";
import { jit } from "../engine/jit.js";
import type { tf } from "../engine/tf.js";
import { constant } from "../engine/trace/trace.js";
import { mapTree, type Tree } from "../engine/tree.js";
import { type Encoder, encoderFunction } from "../evaluate/encode.js";
import { toTorchvision } from "../nn/torchvision.js";
import { writeFileAtomic } from "../support/atomic.js";
import { loadEncoder } from "./encoder.js";
import { readRunConfig } from "./run-folder.js";
import { writeSafeTensors } from "./safetensors.js";

/** Options of an export. */
export interface ExportOptions {
  /** Images a call of the ONNX file takes; 1 by default. It is fixed in the file. */
  readonly batch?: number;
}

/**
 * The encoder as the bytes of an .onnx file: uint8 [batch, height, width, channels] → float32 [batch, features], batch
 * norm in evaluation mode. The input is called i0, the output o0.
 */
export async function encoderOnnx(encoder: Encoder, { batch = 1 }: ExportOptions = {}): Promise<Uint8Array> {
  const { layer, variables, imageShape } = encoder;
  const inside = (tree: Tree<HostTensor>): Tree<tf.Tensor> =>
    mapTree<HostTensor, tf.Tensor>(tree, (leaf) => constant(leaf));
  const run = jit(
    (images: tf.Tensor) => encoderFunction(layer)(inside(variables.params), inside(variables.state), images),
    { name: "encoder", lowering: "portable" },
  );
  try {
    return await run.onnx(hostZeros([batch, ...imageShape], "uint8"));
  } finally {
    await run.dispose();
  }
}

/** Writes encoder.onnx and encoder.safetensors into the run's folder `exported`, and returns their paths. */
export async function exportRun(
  path: string,
  options: ExportOptions = {},
): Promise<{ onnx: string; safetensors: string }> {
  const { config } = readRunConfig(path);
  const encoder = await loadEncoder(path);
  const [onnx, safetensors] = ["onnx", "safetensors"].map((kind) =>
    join(path, "exported", `encoder.${kind}`),
  ) as [string, string];
  writeFileAtomic(onnx, await encoderOnnx(encoder, options));
  writeSafeTensors(safetensors, toTorchvision(encoder.variables), {
    format: "pt",
    encoder: JSON.stringify(config.encoder),
    image: JSON.stringify(encoder.imageShape),
  });
  return { onnx, safetensors };
}
