/** The device `wasm`: results and training steps that equal those of the CPU, and what is said where it is missing. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { hostTensor } from "../../../src/engine/host.js";
import { jit } from "../../../src/engine/jit.js";
import { chooseDevice } from "../../../src/engine/run/choose.js";
import { loadRuntime, wasmCommand } from "../../../src/engine/run/runtime.js";
import { deviceStatus } from "../../../src/engine/run/status.js";
import { tf } from "../../../src/engine/tf.js";
import { expectClose } from "../../support/close.js";
import { floats } from "../../support/data.js";
import { describeWith } from "../../support/needs.js";
import { expectEqualSteps } from "../../train/equal-steps.js";

describeWith(["npm:onnxruntime-web"], "wasm", () => {
  const step = (a: tf.Tensor, b: tf.Tensor) => ({
    next: tf.matMul(a, b),
    sum: tf.sum(a),
    positive: tf.greater(a, 0),
    count: tf.cast(tf.add(a, 1), "int32"),
  });

  it("gives the CPU's results of every type, call after call, with its state donated", async () => {
    const [here, there] = [jit(step, { device: "wasm", donate: [0] }), jit(step)];
    const b = floats([4, 4], 2);
    let [x, y] = [floats([3, 4], 1), floats([3, 4], 1)] as unknown[];
    for (let i = 0; i < 3; i++) {
      const [mine, wanted] = [await here(x as never, b), await there(y as never, b)];
      for (const name of ["next", "sum", "positive", "count"] as const)
        expectClose(await mine[name].data(), await wanted[name].data());
      [x, y] = [mine.next, wanted.next];
    }
    await Promise.all([here.dispose(), there.dispose()]);
  });

  it("leaves earlier results alone", async () => {
    const double = jit((x: tf.Tensor) => tf.mul(x, 2), { device: "wasm" });
    const first = await double(hostTensor(Float32Array.of(1, 2), [2]));
    await double(hostTensor(Float32Array.of(5, 6), [2]));
    expect(await first.data()).toEqual(Float32Array.of(2, 4));
    await double.dispose();
  });

  it("is tried and chosen when it is asked for", async () => {
    const status = await deviceStatus("wasm");
    expect(status).toMatchObject({ here: true, detail: "ONNX Runtime in WebAssembly" });
    expect(status.gflops).toBeGreaterThan(0.01);
    expect(await chooseDevice("wasm")).toEqual({ device: "wasm" });
  });

  it("has no profile, and says so", async () => {
    const double = jit((x: tf.Tensor) => tf.mul(x, 2), { device: "wasm" });
    await expect(double.profile(floats([2]))).rejects.toThrow(/profile: .* wasm/);
  });

  it.each(["method.name=simclr", "encoder={name: resnet8, width: 4}"])(
    "two training steps equal those on the CPU: %s",
    { timeout: 120_000 },
    (override) => expectEqualSteps("wasm", override),
  );
});

describe("wasm where its package is missing", () => {
  afterEach(() => {
    vi.doUnmock("onnxruntime-web");
    vi.resetModules();
  });

  it("is an error with the command that brings it, and is tried again later", async () => {
    vi.resetModules();
    vi.doMock("onnxruntime-web", () => {
      throw new Error("Cannot find package 'onnxruntime-web'");
    });
    const fresh = await import("../../../src/engine/run/runtime.js");
    await expect(fresh.loadRuntime("wasm")).rejects.toThrow(
      `runtime onnxruntime-web: cannot be loaded; install it with: ${wasmCommand}`,
    );
    expect(wasmCommand).toMatch(/^npm install onnxruntime-web@\d+\.\d+\.\d+$/);
    expect(await loadRuntime("native")).toHaveProperty("InferenceSession");
  });
});
