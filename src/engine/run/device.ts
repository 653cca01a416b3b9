/**
 * Devices that compiled programs run on: which lowering they want, and which execution providers of ONNX Runtime.
 */
import * as ort from "onnxruntime-node";
import { DeviceError } from "../../support/errors.js";
import type { Target } from "../lower/lowering.js";
import { portable } from "../lower/portable/index.js";
import { type ProbeResult, probe } from "./probe.js";

export const deviceNames = ["cpu", "webgpu", "cuda"] as const;
export type DeviceName = (typeof deviceNames)[number];

export const loweringNames = ["auto", "portable", "blocked"] as const;
/** `auto` is the fastest that is right on this machine. */
export type LoweringName = (typeof loweringNames)[number];

export interface Device {
  readonly name: DeviceName;
  readonly target: Target;
  readonly providers: readonly string[];
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
 * @throws DeviceError when ONNX Runtime was not built for it
 */
export async function findDevice(name: DeviceName, lowering: LoweringName = "auto"): Promise<Device> {
  const available = ort.listSupportedBackends().map((backend) => backend.name);
  if (!deviceNames.includes(name))
    throw new DeviceError(`device: expected one of ${deviceNames.join(", ")}, got ${name}`);
  if (!available.includes(name))
    throw new DeviceError(`device ${name}: ONNX Runtime here has ${available.join(", ")} only`);
  if (name === "cpu") return { name, target: await cpuTarget(lowering), providers: ["cpu"] };
  // Operators that the accelerator's provider lacks run on the CPU.
  return { name, target: portable, providers: [name, "cpu"] };
}
