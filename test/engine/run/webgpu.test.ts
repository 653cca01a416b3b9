/** The device `webgpu`, on a GPU in software: state that stays on it, and training steps that equal those of the CPU. */
import { expect, it } from "vitest";
import { DeviceTensor } from "../../../src/engine/device-tensor.js";
import { hostScalar, hostTensor } from "../../../src/engine/host.js";
import { eager, jit } from "../../../src/engine/jit.js";
import type { Profile } from "../../../src/engine/run/profile.js";
import { Resident } from "../../../src/engine/run/resident.js";
import { tf } from "../../../src/engine/tf.js";
import { createProgram } from "../../../src/train/program.js";
import { expectClose } from "../../support/close.js";
import { floats, ints } from "../../support/data.js";
import { describeWith } from "../../support/needs.js";
import { softwareGpu } from "../../support/software-gpu.js";
import { tinyConfig, tinyDataset } from "../../train/methods/tiny.js";

const options = { device: "webgpu" } as const;

describeWith(softwareGpu, "webgpu", () => {
  const product = (a: tf.Tensor, b: tf.Tensor) => ({ product: tf.matMul(a, b), sum: tf.sum(a) });
  const [a, b] = [floats([3, 4], 1), floats([4, 4], 2)];

  it("leaves results on the device, takes them as arguments again, and reads them when asked", async () => {
    const step = jit(product, options);
    const reference = eager(product);
    const first = await step(a, b);
    expect(first.product.storage()).toBeInstanceOf(Resident);
    expect(first.sum.storage()).toBeInstanceOf(Float32Array);
    const second = await step(first.product, b);
    const expected = await reference((await reference(a, b)).product, b);
    for (const name of ["product", "sum"] as const)
      expectClose(await second[name].data(), await expected[name].data());
    await step.dispose();
  });

  it("keeps whole numbers and truth values", async () => {
    const compare = jit((x: tf.Tensor) => ({ x, positive: tf.greater(x, 0) }), options);
    const x = ints([2, 3], 1, -5, 5);
    const result = await compare(x);
    expect(await result.x.data()).toEqual(x.data);
    expect(await result.positive.data()).toEqual(Uint8Array.from(x.data, (value) => (value > 0 ? 1 : 0)));
    await compare.dispose();
  });

  it("donated tensors give their memory back and cannot be used again; others can", async () => {
    const step = jit(product, { ...options, donate: [0] });
    const first = await step(a, b);
    const resident = first.product.storage() as Resident;
    const second = await step(first.product, b);
    await expect(first.product.data()).rejects.toThrow(/donated/);
    expect(() => resident.tensor).toThrow(/disposed/);
    await second.product.data();
    second.product.dispose();
    await expect(second.product.data()).rejects.toThrow(/disposed/);
    await step.dispose();
  });

  it("hands its tensors to programs of the CPU and to eager ones", async () => {
    const [here, there] = [jit(product, options), jit(product)];
    const first = await here(a, b);
    const expected = await there((await there(a, b)).product, b);
    for (const run of [there, eager(product)])
      expectClose(await (await run(first.product, b)).product.data(), await expected.product.data());
    await Promise.all([here.dispose(), there.dispose()]);
  });

  it("many steps do not use up memory", async () => {
    const grow = jit((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), { ...options, donate: [0] });
    const [start, one] = [hostTensor(new Float32Array(1 << 18), [1 << 18]), hostScalar(1)];
    let x = await grow(start, one);
    const steps = 300;
    for (let i = 1; i < steps; i++) x = await grow(x, one);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < steps; i++) x = await grow(x, one);
    expect((await x.data())[7]).toBe(2 * steps);
    expect(x).toBeInstanceOf(DeviceTensor);
    // A leak of every result would be 300 MiB.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
    await grow.dispose();
  });
});

describeWith(softwareGpu, "what runs on the GPU", () => {
  it.each<[string, number, string[]]>([
    ["resnet8, the stem of large images", 16, ["encoder={name: resnet8, width: 4, stem: imagenet}"]],
    ["vgg11", 32, ["encoder={name: vgg11, width: 2}"]],
    ["vit", 10, ["encoder={name: vit, patch: 5, width: 8, depth: 1, heads: 2}"]],
  ])("%s: all of the training step", { timeout: 180_000 }, async (_, side, overrides) => {
    const program = createProgram(tinyConfig("batch=4", ...overrides), tinyDataset(8, side));
    const step = jit(program.step as never, options) as unknown as {
      profile(...args: unknown[]): Promise<Profile>;
      dispose(): Promise<void>;
    };
    const { providers } = await step.profile(program.initial(), program.input(0));
    expect(Object.keys(providers), JSON.stringify(providers.cpu)).toEqual(["webgpu"]);
    expect(providers.webgpu).toContain("ReduceSum");
    await step.dispose();
    await program.dispose();
  });
});
