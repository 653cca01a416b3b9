/** Which devices are here, how fast they are and what they can do, each tried in a process of its own (see trial.ts). */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../support/package.js";
import { howToGetDevice } from "./advice.js";
import { type DeviceName, deviceNames, probeCpu } from "./device.js";
import { halfFault } from "./half.js";
import { wasmCommand } from "./runtime.js";
import { findTensorflow } from "./tensorflow/find.js";
import { tryProvider, tryTensorflow } from "./trial.js";

/** Whether a device is here, and what would bring it. */
export interface DeviceStatus {
  readonly name: DeviceName;
  readonly here: boolean;
  /** What it is, or what is wrong with it. */
  readonly detail: string;
  /** The command or condition that brings it, when it is not here. */
  readonly how?: string;
  /** Of a chain of 512 × 512 products; undefined when it is not here. */
  readonly gflops?: number;
  /** Whether it has mixed precision, in words; undefined when it is not here. */
  readonly mixed?: string;
  /** Of `cpu`: channels in a block of its convolutions; undefined where it has none, or those failed their self-test. */
  readonly block?: number;
  /** Only for `tensorflow`: whether it found a GPU. */
  readonly usesGpu?: boolean;
}

const missing = (name: DeviceName, detail: string, how: string): DeviceStatus => ({
  name,
  here: false,
  detail,
  how,
});

async function compiledStatus(
  name: "cpu" | "webgpu" | "cuda" | "wasm",
  describe: () => string | Promise<Pick<DeviceStatus, "detail" | "block">>,
): Promise<DeviceStatus> {
  const how = name === "wasm" ? wasmCommand : howToGetDevice[name];
  let url: string;
  try {
    const require = createRequire(join(packageRoot, "package.json"));
    url = pathToFileURL(require.resolve(name === "wasm" ? "onnxruntime-web" : "onnxruntime-node")).href;
  } catch {
    return missing(name, "its package is not installed", how);
  }
  const isGpu = name === "webgpu" || name === "cuda";
  const tried = await tryProvider(url, name, isGpu);
  if (typeof tried === "string") return missing(name, tried, how);
  const { gflops, half } = tried;
  const onGpu = half === undefined ? "mixed precision" : `no mixed precision: ${halfFault(half)}`;
  const mixed = isGpu ? onGpu : name === "cpu" ? "mixed precision only to try it, slowly" : noMixed;
  const described = await describe();
  return {
    ...(typeof described === "string" ? { detail: described } : described),
    ...{ name, here: true, gflops, mixed },
  };
}

const noMixed = "no mixed precision";

/** Whether a device is here, and how fast it is. */
export async function deviceStatus(name: DeviceName): Promise<DeviceStatus> {
  switch (name) {
    case "cpu":
      return compiledStatus(name, async () => {
        const { block, fault } = await probeCpu();
        if (fault !== undefined)
          return { detail: `portable convolutions, for those in blocks failed: ${fault}` };
        return block === undefined
          ? { detail: "portable convolutions" }
          : { detail: `convolutions in blocks of ${block}`, block };
      });
    case "webgpu":
      return compiledStatus(name, () => "ONNX Runtime on Vulkan, Metal or Direct3D 12");
    case "cuda":
      return compiledStatus(name, () => "ONNX Runtime on CUDA 12");
    case "wasm":
      return compiledStatus(name, () => "ONNX Runtime in WebAssembly");
    case "tensorflow": {
      const found = findTensorflow();
      if (!found) return missing(name, "it is not installed", howToGetDevice.tensorflow);
      const tried = await tryTensorflow(found.folder);
      if (typeof tried === "string") return missing(name, tried, howToGetDevice.tensorflow);
      const { version, usesGpu = false, gflops } = tried;
      const detail = `TensorFlow ${version} on ${usesGpu ? "a GPU" : "the CPU"}, operation by operation`;
      return { name, here: true, detail, gflops, usesGpu, mixed: noMixed };
    }
  }
}

/** The status of every device, one after the other, so that they do not slow each other down. */
export async function deviceStatuses(names: readonly DeviceName[] = deviceNames): Promise<DeviceStatus[]> {
  const statuses: DeviceStatus[] = [];
  for (const name of names) statuses.push(await deviceStatus(name));
  return statuses;
}
