/** Devices that are asked for: the fastest of those here, or an error that says how to get the one that is missing. */
import { describe, expect, it } from "vitest";
import { jit } from "../../../src/engine/jit.js";
import { howToGet } from "../../../src/engine/run/advice.js";
import { chooseDevice, fastest } from "../../../src/engine/run/choose.js";
import type { DeviceName } from "../../../src/engine/run/device.js";
import { type DeviceStatus, deviceStatus } from "../../../src/engine/run/status.js";
import { tf } from "../../../src/engine/tf.js";
import { readConfig } from "../../../src/train/config/parse.js";
import { floats } from "../../support/data.js";

const here = (name: DeviceName, gflops: number, usesGpu = false): DeviceStatus => ({
  name,
  here: true,
  detail: "",
  gflops,
  usesGpu,
});
const missing = (name: DeviceName): DeviceStatus => ({ name, here: false, detail: "no such thing", how: "" });

describe("auto", () => {
  it.each<[string, DeviceStatus[], DeviceName]>([
    ["the fastest", [here("cpu", 100), here("webgpu", 900), missing("cuda")], "webgpu"],
    ["not a GPU in software", [here("cpu", 100), here("webgpu", 2)], "cpu"],
    [
      "compiled programs before TensorFlow on the same processor",
      [here("cpu", 100), here("tensorflow", 150)],
      "cpu",
    ],
    ["TensorFlow on a GPU", [here("cpu", 100), here("tensorflow", 5000, true)], "tensorflow"],
    ["WebAssembly only in need", [missing("cpu"), here("wasm", 5)], "wasm"],
    ["WebAssembly never before native code", [here("cpu", 4), here("wasm", 5)], "cpu"],
  ])("takes %s", (_, statuses, expected) => {
    const { device, reason } = fastest(statuses);
    expect(device).toBe(expected);
    expect(reason).toContain(expected);
  });

  it("is an error where nothing works", () => {
    expect(() => fastest([missing("cpu"), missing("wasm")])).toThrow(/device auto.*cpu: no such thing; wasm/);
  });
});

describe("a device that is asked for", () => {
  it("is tried: the CPU is here, with its speed", async () => {
    const status = await deviceStatus("cpu");
    expect(status).toMatchObject({ name: "cpu", here: true });
    expect(status.gflops).toBeGreaterThan(0.1);
    expect(await chooseDevice("cpu")).toEqual({ device: "cpu" });
  });

  it("and is not here: an error with what brings it, and no other in its place", async () => {
    // No machine has all of these; each that is missing must say so.
    for (const name of ["cuda", "wasm"] as const) {
      const status = await deviceStatus(name);
      if (status.here) continue;
      expect(status.how).toBeTruthy();
      await expect(chooseDevice(name)).rejects.toThrow(`device ${name}: `);
      const double = jit((x: tf.Tensor) => tf.mul(x, 2), { device: name });
      await expect(double(floats([2]))).rejects.toThrow(/onnxruntime/i);
    }
  });

  it("the advice is for faults of the device only", () => {
    expect(howToGet("webgpu", new Error("Failed to get a WebGPU adapter"))).toMatch(/Vulkan/);
    expect(howToGet("cuda", new Error("Failed to load libonnxruntime_providers_cuda.so"))).toMatch(
      /install\.js/,
    );
    expect(howToGet("webgpu", new Error("Invalid model"))).toBe("");
    expect(howToGet("cpu", new Error("CUDA"))).toBe("");
  });

  it("of an unknown name is an error of the configuration", () => {
    expect(() => readConfig(undefined, ["device=webgl"])).toThrow(/device.*webgl.*webgpu/);
    expect(readConfig(undefined, ["device=auto"]).device).toBe("auto");
  });
});
