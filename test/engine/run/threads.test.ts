/** How threads wait and where they run: settings reach ONNX Runtime, and change no bit of a result. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { jit } from "../../../src/engine/jit.js";
import * as threads from "../../../src/engine/run/threads.js";
import { tf } from "../../../src/engine/tf.js";
import { floats } from "../../support/data.js";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const inputs = [floats([4, 16, 16, 16], 1), floats([3, 3, 16, 32], 2)] as const;

async function bits(): Promise<Buffer> {
  const conv = jit((x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"), {
    threads: 2,
  });
  const data = await (await conv(...inputs)).data();
  await conv.dispose();
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

describe("threads", () => {
  it("spin and go where the system puts them, unless they are told otherwise", () => {
    expect(threads.threadEntries(4)).toEqual({});
    vi.stubEnv("JESSL_SPINNING", "off");
    vi.stubEnv("JESSL_AFFINITY", "on");
    const spinning = { "session.intra_op.allow_spinning": "0" };
    expect(threads.threadEntries(1)).toEqual(spinning);
    expect(threads.threadEntries(4)).toEqual({ ...spinning, "session.intra_op_thread_affinities": "2;3;4" });
  });

  it.each([
    ["JESSL_SPINNING", "off"],
    ["JESSL_AFFINITY", "on"],
  ])("%s=%s: the same bits", async (name, value) => {
    const expected = await bits();
    vi.stubEnv(name, value);
    expect((await bits()).equals(expected)).toBe(true);
  });

  it("settings reach ONNX Runtime: it refuses one that makes no sense", async () => {
    vi.stubEnv("JESSL_AFFINITY", "on");
    // For as many threads as there are not.
    vi.stubEnv("JESSL_THREADS", "3");
    const two = jit((x: tf.Tensor) => tf.neg(x), { threads: 2 });
    const real = threads.threadEntries(3);
    vi.spyOn(threads, "threadEntries").mockReturnValue(real);
    await expect(two(floats([2]))).rejects.toThrow(/affinities/);
  });

  it.each(["JESSL_SPINNING", "JESSL_AFFINITY"])("%s is on or off", async (name) => {
    vi.stubEnv(name, "0");
    await expect(bits()).rejects.toThrow(`${name}: expected on or off, got 0`);
  });
});
