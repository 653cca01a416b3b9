/**
 * Devices that compiled programs run on: which lowering they want, and which execution providers of ONNX Runtime.
 */
import { DeviceError } from "../../support/errors.js";
import type { Target } from "../lower/lowering.js";
import { portable } from "../lower/portable/index.js";
import { howToGetDevice } from "./advice.js";
import { type ProbeResult, probe } from "./probe.js";
import { loadRuntime, type RuntimeName } from "./runtime.js";

export const deviceNames = ["cpu", "webgpu", "cuda", "tensorflow", "wasm"] as const;
/**
 * `cpu`: ONNX Runtime's CPU kernels. `webgpu`, `cuda`: its GPU kernels. `tensorflow`: nothing is compiled, programs run on
 * TensorFlow's kernels. `wasm`: ONNX Runtime in WebAssembly, for machines that have nothing else.
 */
export type DeviceName = (typeof deviceNames)[number];

export const loweringNames = ["auto", "portable", "blocked"] as const;
/** `auto` is the fastest that is right on this machine. */
export type LoweringName = (typeof loweringNames)[number];

export interface Device {
  readonly name: DeviceName;
  readonly target: Target;
  readonly providers: readonly string[];
  readonly runtime: RuntimeName;
  /** Whether results stay in the device's memory from call to call. */
  readonly resident: boolean;
}

let probed: Promise<ProbeResult> | undefined;

/** What the CPU's ONNX Runtime can do, found out once; a fault is said once on the error stream. */
export function probeCpu(): Promise<ProbeResult> {
  probed ??= probe().then((result) => {
    if (result.fault !== undefined)
      process.emitWarning(
        `blocked convolutions (block ${result.block}) failed their self-test, so slower ones are used: ${result.fault}`,
        "DeviceWarning",
      );
    return result;
  });
  return probed;
}

async function cpuTarget(lowering: LoweringName): Promise<Target> {
  if (lowering === "portable") return portable;
  const { target, block, fault } = await probeCpu();
  if (lowering === "blocked" && target.block === undefined)
    throw new DeviceError(
      `lowering blocked: expected a processor and an ONNX Runtime with blocked convolutions, got ${fault ?? block ?? "none"}`,
    );
  return target;
}

/**
 * The device of this name.
 * @param lowering of the `cpu` device
 * @throws DeviceError when it is not there, with what brings it; another device never takes its place
 */
export async function findDevice(name: DeviceName, lowering: LoweringName = "auto"): Promise<Device> {
  if (!deviceNames.includes(name))
    throw new DeviceError(`device: expected one of ${deviceNames.join(", ")}, got ${name}`);
  const host = { runtime: "native", resident: false } as const;
  switch (name) {
    case "cpu":
      return { ...host, name, target: await cpuTarget(lowering), providers: ["cpu"] };
    case "wasm":
      return { ...host, name, target: portable, providers: ["wasm"], runtime: "wasm" };
    case "webgpu":
    case "cuda": {
      const available = (await loadRuntime("native")).listSupportedBackends().map((backend) => backend.name);
      if (!available.includes(name))
        throw new DeviceError(
          `device ${name}: ONNX Runtime for ${process.platform} on ${process.arch} has ${available.join(", ")} only; ${howToGetDevice[name]}`,
        );
      // Operators that the GPU's provider lacks run on the CPU. Only the WebGPU one can leave results where they are.
      return { ...host, name, target: portable, providers: [name, "cpu"], resident: name === "webgpu" };
    }
    case "tensorflow":
      throw new DeviceError(
        "device tensorflow: it runs functions as they are; a compiled program needs another device",
      );
  }
}
