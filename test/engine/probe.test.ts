import { describe, expect, it } from "vitest";
import { jit } from "../../src/engine/jit.js";
import { blocked } from "../../src/engine/lower/blocked/index.js";
import { encodeModel, type OnnxModel } from "../../src/engine/lower/onnx.js";
import { portable } from "../../src/engine/lower/portable/index.js";
import { findDevice, probeCpu } from "../../src/engine/run/device.js";
import { findBlock, findFault, probe } from "../../src/engine/run/probe.js";
import { Session } from "../../src/engine/run/session.js";
import { tf } from "../../src/engine/tf.js";
import { DeviceError } from "../../src/support/errors.js";
import { floats } from "../support/data.js";

/** What ReorderInput makes of 32 channels of two pixels in an ONNX Runtime with blocks of this size. */
function reordered(block: number): Float32Array {
  return Float32Array.from({ length: 64 }, (_, i) => {
    const within = i % (2 * block);
    return 2 * (Math.floor(i / (2 * block)) * block + (within % block)) + Math.floor(within / block);
  });
}

/** Runs models truly, but for the one that finds out the block size. */
function withBlock(block: number) {
  return async (model: OnnxModel, inputs: readonly { data: Float32Array | Int32Array | Uint8Array }[]) => {
    if (model.name === "block size") return [reordered(block)];
    const session = await Session.create(model, encodeModel(model), { providers: ["cpu"], threads: 1 });
    const outputs = await session.runOnHost(inputs.map(({ data }) => data));
    await session.dispose();
    return outputs;
  };
}

const { target, block, fault } = await probeCpu();

describe("the probe of the CPU", () => {
  it("reads the block size off a reordered tensor", async () => {
    expect(await findBlock(async () => [reordered(8)])).toBe(8);
    expect(await findBlock(async () => [reordered(16)])).toBe(16);
  });

  it("takes operators that are missing, or that give what no block size gives, for none", async () => {
    expect(await findBlock(() => Promise.reject(new DeviceError("no such operator")))).toBeUndefined();
    expect(await findBlock(async () => [new Float32Array(64)])).toBeUndefined();
    const nowhere = () => Promise.reject(new DeviceError("no such operator"));
    expect(await probe(nowhere)).toEqual({ target: portable, block: undefined, fault: undefined });
  });

  it("finds no fault in the lowering of this machine", async () => {
    expect(fault).toBeUndefined();
    expect(await findFault(target)).toBeUndefined();
    if (block !== undefined) expect(target.block).toBe(block);
  });

  it("turns to the portable lowering when the numbers of the blocked one are wrong, and says which", async () => {
    for (const wrong of [8, 16].filter((size) => size !== block)) {
      expect(await findFault(blocked(wrong))).toBeDefined();
      const result = await probe(withBlock(wrong));
      expect(result.target).toBe(portable);
      expect(result.block).toBe(wrong);
      expect(result.fault).toMatch(/is off by|Non-zero status|refused/);
    }
  });

  it("finds out one wrong number in any of the results", async () => {
    const run = withBlock(16);
    for (const wrong of [0, 5, 10]) {
      let runs = 0;
      const result = await probe(async (model, inputs) => {
        const outputs = await run(model, inputs);
        // The first of the two programs is the blocked one; here it may be of another block than this machine's.
        if (model.name === "self-test" && runs++ === 0) outputs[wrong]![3]! += 1;
        return outputs;
      });
      expect(result.target).toBe(portable);
      if (block === 16) expect(result.fault).toMatch(/\w+ of .* is off by 1/);
    }
  });

  it("finds out a self-test that cannot run", async () => {
    const run = withBlock(16);
    const result = await probe((model, inputs) =>
      model.name === "self-test" ? Promise.reject(new Error("out of memory")) : run(model, inputs),
    );
    expect(result).toMatchObject({ target: portable, fault: "out of memory" });
  });
});

describe("the lowering of a program", () => {
  const layer = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same");
  const args = [floats([1, 4, 4, 16], 1), floats([3, 3, 16, 16], 2)] as const;
  const model = async (lowering: "portable" | "blocked") => {
    const program = jit(layer, { lowering });
    return Buffer.from(await program.onnx(...args)).toString("latin1");
  };

  it("is the probed one, unless another is asked for", async () => {
    expect((await findDevice("cpu")).target).toBe(target);
    expect((await findDevice("cpu", { lowering: "portable" })).target).toBe(portable);
    if (target.block === undefined)
      await expect(findDevice("cpu", { lowering: "blocked" })).rejects.toThrow(DeviceError);
    else expect((await findDevice("cpu", { lowering: "blocked" })).target).toBe(target);
  });

  it("stands in the model file with the block size that it was built for", async () => {
    expect(await model("portable")).toMatch(/jessl\.lowering.*portable/s);
    if (target.block === undefined) return;
    expect(await model("blocked")).toMatch(new RegExp(`jessl\\.block[^0-9]*${target.block}`, "s"));
  });
});
