/**
 * Devices that compiled programs run on: which lowering they want, and which execution providers of ONNX Runtime.
 */
import { DeviceError } from "../../support/errors.js";
import type { Target } from "../lower/lowering.js";
import { gpu } from "../lower/portable/gpu.js";
import { emulatedHalf } from "../lower/portable/half.js";
import { portable } from "../lower/portable/index.js";
import { howToGetDevice } from "./advice.js";
import { probeHalf } from "./half.js";
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

export const precisions = ["float32", "mixed"] as const;
/** `mixed` is float16 in convolutions and matrix products and float32 in all else. */
export type Precision = (typeof precisions)[number];

export interface Device {
  readonly name: DeviceName;
  readonly target: Target;
  readonly providers: readonly string[];
  readonly runtime: RuntimeName;
  /** Whether results stay in the device's memory from call to call. */
  readonly resident: boolean;
  /** Where mixed precision is asked for: how many terms the device can add up in float16. */
  readonly mixed?: { readonly longestSum?: number };
}

export interface DeviceChoices {
  /** Of the `cpu` device. */
  readonly lowering?: LoweringName | undefined;
  readonly precision?: Precision | undefined;
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

/** The error for a device that has no mixed precision. */
export function noMixedPrecision(name: DeviceName): DeviceError {
  return new DeviceError(`precision mixed: expected the device webgpu, cuda or cpu, got ${name}`);
}

let warned = false;

/** The `cpu` device computes what a GPU would, so that mixed precision can be tried; that is slow, and said once. */
function warnOfSlowness(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    "precision mixed on cpu: a processor has no float16 arithmetic; numbers are rounded as on a GPU, which is slower than float32",
    "DeviceWarning",
  );
}

// ONNX Runtime's WebGPU kernels add up in the type of their result, those of CUDA in float32.
const webgpuLongestSum = 4096;

/** @throws DeviceError where the GPU has no float16 arithmetic */
async function checkHalf(provider: "webgpu" | "cuda"): Promise<void> {
  const fault = await probeHalf(provider);
  if (fault !== undefined) throw new DeviceError(`precision mixed on ${provider}: ${fault}`);
}

/**
 * The device of this name.
 * @throws DeviceError when it is not there, with what brings it, or has no mixed precision where that is asked for;
 * another device never takes its place
 */
export async function findDevice(
  name: DeviceName,
  { lowering = "auto", precision = "float32" }: DeviceChoices = {},
): Promise<Device> {
  const mixed = precision === "mixed";
  if (!deviceNames.includes(name))
    throw new DeviceError(`device: expected one of ${deviceNames.join(", ")}, got ${name}`);
  const host = { runtime: "native", resident: false } as const;
  switch (name) {
    case "cpu":
      if (!mixed) return { ...host, name, target: await cpuTarget(lowering), providers: ["cpu"] };
      warnOfSlowness();
      return { ...host, name, target: emulatedHalf, providers: ["cpu"], mixed: {} };
    case "wasm":
      if (mixed) throw noMixedPrecision(name);
      return { ...host, name, target: portable, providers: ["wasm"], runtime: "wasm" };
    case "webgpu":
    case "cuda": {
      const available = (await loadRuntime("native")).listSupportedBackends().map((backend) => backend.name);
      if (!available.includes(name))
        throw new DeviceError(
          `device ${name}: ONNX Runtime for ${process.platform} on ${process.arch} has ${available.join(", ")} only; ${howToGetDevice[name]}`,
        );
      if (mixed) await checkHalf(name);
      // Operators that the GPU's provider lacks run on the CPU. Only the WebGPU one can leave results where they are.
      const isWebgpu = name === "webgpu";
      const target = isWebgpu ? gpu : portable;
      const half = { mixed: isWebgpu ? { longestSum: webgpuLongestSum } : {} };
      return { ...host, name, target, providers: [name, "cpu"], resident: isWebgpu, ...(mixed && half) };
    }
    case "tensorflow":
      throw new DeviceError(
        "device tensorflow: it runs functions as they are; a compiled program needs another device",
      );
  }
}
