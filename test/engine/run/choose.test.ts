/** Devices that are asked for: the fastest of those here, or an error that says how to get the one that is missing. */
import { describe, expect, it, vi } from "vitest";
import { jit } from "../../../src/engine/jit.js";
import { howToGet } from "../../../src/engine/run/advice.js";
import { chooseDevice, fastest } from "../../../src/engine/run/choose.js";
import type { DeviceName } from "../../../src/engine/run/device.js";
import { type DeviceStatus, deviceStatus } from "../../../src/engine/run/status.js";
import { tf } from "../../../src/engine/tf.js";
import { DeviceError } from "../../../src/support/errors.js";
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
  ])("takes %s, and says why", (_, statuses, expected) => {
    const { device, reason } = fastest(statuses);
    expect(device).toBe(expected);
    expect(reason).toMatch(new RegExp(`^the fastest here, by GFLOPS of matrix products: ${expected} `));
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
    // What is installed in the cache is out of sight; no machine has all the rest, and each that is missing must say so.
    vi.stubEnv("XDG_CACHE_HOME", "/nonexistent");
    const advice = {
      webgpu: /Vulkan/,
      cuda: /install\.js --onnxruntime/,
      tensorflow: /jessl install/,
      wasm: /npm install/,
    };
    for (const name of ["webgpu", "cuda", "tensorflow", "wasm"] as const) {
      const { here, how } = await deviceStatus(name);
      if (here) continue;
      expect(how).toMatch(advice[name]);
      await expect(chooseDevice(name)).rejects.toThrow(
        new RegExp(`^device ${name}: .+\\n.*${advice[name].source}`),
      );
      const double = async () => jit((x: tf.Tensor) => tf.mul(x, 2), { device: name })(floats([2]));
      await expect(double()).rejects.toThrow(DeviceError);
      await expect(double()).rejects.toThrow(advice[name]);
    }
    vi.unstubAllEnvs();
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
