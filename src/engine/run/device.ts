/**
 * Devices that compiled programs run on: which lowering they want, and which execution providers of ONNX Runtime.
 */
import * as ort from "onnxruntime-node";
import { DeviceError } from "../../support/errors.js";
import type { Target } from "../lower/lowering.js";
import { portable } from "../lower/portable/index.js";

export const deviceNames = ["cpu", "webgpu", "cuda"] as const;
export type DeviceName = (typeof deviceNames)[number];

export interface Device {
  readonly name: DeviceName;
  readonly target: Target;
  readonly providers: readonly string[];
}

/**
 * The device of this name.
 * @throws DeviceError when ONNX Runtime was not built for it
 */
export async function findDevice(name: DeviceName): Promise<Device> {
  const available = ort.listSupportedBackends().map((backend) => backend.name);
  if (!deviceNames.includes(name))
    throw new DeviceError(`device: expected one of ${deviceNames.join(", ")}, got ${name}`);
  if (!available.includes(name))
    throw new DeviceError(`device ${name}: ONNX Runtime here has ${available.join(", ")} only`);
  if (name === "cpu") return { name, target: portable, providers: ["cpu"] };
  // Operators that the accelerator's provider lacks run on the CPU.
  return { name, target: portable, providers: [name, "cpu"] };
}
