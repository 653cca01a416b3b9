/**
 * From what a user asks for to a device. `auto` tries those that are here with a chain of matrix products and takes the
 * fastest; the choice is said and, in a run folder, recorded, so that a continued run takes the same one again.
 */
import { DeviceError } from "../../support/errors.js";
import type { DeviceName } from "./device.js";
import { type DeviceStatus, deviceStatus, deviceStatuses } from "./status.js";

/** A device, and why it was chosen. */
export interface Choice {
  readonly device: DeviceName;
  /** Why it was taken; undefined when it was asked for. */
  readonly reason?: string;
}

/**
 * The fastest of the devices that are here. Programs on `tensorflow` are not compiled, and lose several times over on
 * the same processor, so it counts only with a GPU; `wasm` counts only when nothing else is here.
 * @throws DeviceError when none is here
 */
export function fastest(statuses: readonly DeviceStatus[]): Choice {
  const speed = ({ gflops = 0 }: DeviceStatus): number => gflops;
  const here = statuses.filter((status) => status.here);
  const native = here.filter(({ name, usesGpu }) => name !== "wasm" && (name !== "tensorflow" || usesGpu));
  const [best] = (native.length > 0 ? native : here).sort((a, b) => speed(b) - speed(a));
  if (!best) {
    const reasons = statuses.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
    throw new DeviceError(`device auto: expected one that works, found none (${reasons})`);
  }
  const list = (some: readonly DeviceStatus[]): string =>
    some.map((status) => `${status.name} ${speed(status).toPrecision(3)}`).join(", ");
  const others = here.filter((status) => native.length > 0 && !native.includes(status));
  const ignored =
    others.length > 0 ? `; not counted, for they compile nothing or are a last resort: ${list(others)}` : "";
  const counted = native.length > 0 ? native : here;
  return {
    device: best.name,
    reason: `the fastest here, by GFLOPS of matrix products: ${list(counted)}${ignored}`,
  };
}

/**
 * The device that is asked for, or with `auto` the fastest.
 * @throws DeviceError when it is not here, with what brings it; another one never takes its place
 */
export async function chooseDevice(wanted: DeviceName | "auto"): Promise<Choice> {
  if (wanted === "auto") return fastest(await deviceStatuses());
  if (wanted === "cpu") return { device: wanted };
  const { here, detail, how } = await deviceStatus(wanted);
  if (!here) throw new DeviceError(`device ${wanted}: ${detail}\n${how}`);
  return { device: wanted };
}
