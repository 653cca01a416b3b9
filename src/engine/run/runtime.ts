/**
 * ONNX Runtime, loaded when the first program is compiled: the native library of onnxruntime-node, or the WebAssembly one
 * of onnxruntime-web for machines that the native one was not built for. Both have the same interface.
 */
import type * as Ort from "onnxruntime-node";
import { DeviceError } from "../../support/errors.js";
import { packageVersion } from "../../support/package.js";

export type Runtime = typeof Ort;
export type RuntimeName = "native" | "wasm";

const packages = { native: "onnxruntime-node", wasm: "onnxruntime-web" } as const;

/** How to get the WebAssembly runtime: it is 140 MB, and few need it. */
export const wasmCommand = `npm install onnxruntime-web@${packageVersion("onnxruntime-node") ?? "latest"}`;

const advice = {
  native: `it has no library for ${process.platform} on ${process.arch}, or its files are damaged: run npm ci again, or use device=wasm after ${wasmCommand}`,
  wasm: `install it with: ${wasmCommand}`,
} as const;

const loaded = new Map<RuntimeName, Promise<Runtime>>();

async function load(name: RuntimeName): Promise<Runtime> {
  try {
    if (name === "native") return await import("onnxruntime-node");
    return (await import("onnxruntime-web" as string)) as Runtime;
  } catch (cause) {
    throw new DeviceError(`runtime ${packages[name]}: cannot be loaded; ${advice[name]}`, { cause });
  }
}

/** The runtime of this name. @throws DeviceError when its package is not there, with the command that brings it */
export function loadRuntime(name: RuntimeName): Promise<Runtime> {
  let runtime = loaded.get(name);
  if (!runtime) {
    runtime = load(name);
    runtime.catch(() => loaded.delete(name));
    loaded.set(name, runtime);
  }
  return runtime;
}
