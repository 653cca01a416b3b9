import { describe, expect, it } from "vitest";
import { DeviceTensor } from "../../src/engine/device-tensor.js";
import { valueAndGrad } from "../../src/engine/grad.js";
import { hostScalar, hostTensor } from "../../src/engine/host.js";
import { type CompileReport, eager, jit } from "../../src/engine/jit.js";
import { tf } from "../../src/engine/tf.js";
import { constant, scope } from "../../src/engine/trace/trace.js";
import { ShapeError, TraceError } from "../../src/support/errors.js";
import { floats } from "../support/data.js";

const row = (...values: number[]) => hostTensor(Float32Array.from(values), [values.length]);

describe("compiled functions", () => {
  it("are compiled once for each combination of shapes and types, and run again from the cache", async () => {
    const reports: CompileReport[] = [];
    const double = jit((x: tf.Tensor) => tf.mul(x, 2), { onCompile: (report) => reports.push(report) });
    for (const x of [row(1, 2), row(3, 4), row(1, 2, 3), row(5, 6)]) {
      const result = await double(x);
      expect(Array.from(await result.data())).toEqual(Array.from(x.data, (v) => 2 * v));
    }
    expect(reports.length).toBe(2);
    expect(reports[0]).toMatchObject({ nodes: 2, onnxNodes: 1 });
    await double.dispose();
  });

  it("keep no more programs than they are told, and those used last", async () => {
    let compiled = 0;
    const fn = jit((x: tf.Tensor) => tf.neg(x), { cacheSize: 2, onCompile: () => compiled++ });
    const [a, b, c] = [row(1), row(1, 2), row(1, 2, 3)];
    for (const x of [a, b, a, c]) await fn(x); // c takes the place of b
    expect(compiled).toBe(3);
    await fn(a);
    expect(compiled).toBe(3);
    await fn(b);
    expect(compiled).toBe(4);
    await fn.dispose();
  });

  it("take numbers as inputs, not as constants", async () => {
    let compiled = 0;
    const scale = jit((x: tf.Tensor, lr: tf.Tensor) => tf.mul(x, lr), { onCompile: () => compiled++ });
    for (const lr of [0.5, 2, -1])
      expect(Array.from(await (await scale(row(4), lr)).data())).toEqual([4 * lr]);
    expect(compiled).toBe(1);
    await scale.dispose();
  });

  it("take every kind of leaf, in trees, and give trees of device tensors", async () => {
    const fn = jit((batch: { x: tf.Tensor; rest: [tf.Tensor, { y: tf.Tensor }]; none: null }) => ({
      sum: tf.add(batch.x, tf.add(batch.rest[0], batch.rest[1].y)),
      nothing: null,
      list: [tf.neg(batch.x)],
    }));
    const y = tf.tensor1d([100, 200]);
    const first = await fn({ x: row(1, 2), rest: [hostScalar(10), { y }], none: null });
    expect(first.sum).toBeInstanceOf(DeviceTensor);
    expect(first.nothing).toBe(null);
    expect(Array.from(await first.sum.data())).toEqual([111, 212]);
    const second = await fn({ x: first.sum, rest: [1, { y: first.list[0]! }], none: null });
    expect(Array.from(await second.sum.data())).toEqual([111, 211]);
    y.dispose();
    await fn.dispose();
  });

  it("see uint8 arguments as int32 tensors", async () => {
    const program = (x: tf.Tensor) => ({ float: tf.div(tf.cast(x, "float32"), 255), int: tf.sub(x, 300) });
    const pixels = hostTensor(Uint8Array.of(0, 51, 255), [3]);
    const [compiled, reference] = [jit(program), eager(program)];
    for (const fn of [compiled, reference]) {
      const { float, int } = await fn(pixels);
      expect(Array.from(await int.data())).toEqual([-300, -249, -45]);
      expect((await float.data())[1]).toBeCloseTo(0.2, 6);
    }
    await compiled.dispose();
  });

  it("return an argument, a constant, and one result twice", async () => {
    const fn = jit((x: tf.Tensor) => {
      const y = tf.exp(x);
      return [x, y, y, constant(row(7, 8))];
    });
    const [x, y, again, fixed] = await fn(row(0));
    expect(Array.from(await x!.data())).toEqual([0]);
    expect(Array.from(await y!.data())).toEqual([1]);
    expect(Array.from(await again!.data())).toEqual([1]);
    expect(Array.from(await fixed!.data())).toEqual([7, 8]);
    await fn.dispose();
  });

  it("leave their inputs as they were, and each result in memory of its own", async () => {
    const fn = jit((x: tf.Tensor) => tf.add(x, 1));
    const x = row(1, 2);
    const [first, second] = [await fn(x), await fn(x)];
    const third = await fn(first);
    expect(Array.from(x.data)).toEqual([1, 2]);
    expect(Array.from(await first.data())).toEqual([2, 3]);
    expect(Array.from(await second.data())).toEqual([2, 3]);
    expect(Array.from(await third.data())).toEqual([3, 4]);
    await fn.dispose();
  });

  it("run again after a failed call and after dispose", async () => {
    let fail = true;
    const fn = jit((x: tf.Tensor) => {
      if (fail) x.dataSync();
      return tf.neg(x);
    });
    await expect(fn(row(1))).rejects.toThrow(TraceError);
    fail = false;
    expect(Array.from(await (await fn(row(1))).data())).toEqual([-1]);
    await fn.dispose();
    expect(Array.from(await (await fn(row(2))).data())).toEqual([-2]);
    await fn.dispose();
  });

  it("refuse arguments that are no tensors, with their place", async () => {
    const fn = jit((x: { a: tf.Tensor }) => x.a);
    await expect(fn({ a: "text" } as never)).rejects.toThrow(ShapeError);
    await expect(fn({ a: "text" } as never)).rejects.toThrow(
      /argument 0\.a: expected a host tensor.*got string/,
    );
    await expect(fn({ a: { data: new Float32Array(3), shape: [2], dtype: "float32" } })).rejects.toThrow(
      "argument 0.a: expected 2 elements for [2], got 3",
    );
  });

  it("refuse jit inside jit", async () => {
    const inner = jit((x: tf.Tensor) => tf.neg(x), { name: "inner" });
    const outer = jit((x: tf.Tensor) => {
      void inner(x).catch(() => undefined);
      return inner.print(x) as unknown as tf.Tensor;
    });
    await expect(outer(row(1))).rejects.toThrow(/jit inner: expected no jit inside a traced function/);
  });

  it("refuse tensors after dispose and name what became of them", async () => {
    const fn = jit((x: tf.Tensor) => tf.neg(x), { donate: [0] });
    const first = await fn(row(1, 2));
    await fn(first);
    await expect(first.data()).rejects.toThrow(/float32 \[2\].*donated to a later call/);
    const second = await fn(row(1, 2));
    second.dispose();
    await expect(fn(second)).rejects.toThrow(/disposed/);
    await fn.dispose();
  });

  it("leave no tensors behind", async () => {
    const program = (x: tf.Tensor) =>
      valueAndGrad((p: tf.Tensor) => ({ loss: tf.sum(tf.square(p)), aux: tf.neg(p) }))(x);
    const [compiled, reference] = [jit(program), eager(program)];
    await reference(row(1));
    const { numTensors } = tf.memory();
    await compiled(row(1, 2));
    expect(tf.memory().numTensors).toBe(numTensors);
    const { loss, aux, grads } = await reference(row(1, 2));
    for (const tensor of [loss, aux, grads]) (tensor as unknown as DeviceTensor).dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
    await compiled.dispose();
  });
});

describe("value and gradient", () => {
  const f = (p: { w: tf.Tensor; unused: tf.Tensor }, x: tf.Tensor) =>
    valueAndGrad((q: typeof p, y: tf.Tensor) => {
      const z = tf.mul(q.w, y);
      return { loss: tf.sum(tf.square(z)), aux: { z, twice: [z] } };
    })(p, x);

  it("over trees, with other results, and zeros for what the loss does not depend on", async () => {
    for (const fn of [jit(f), eager(f)]) {
      const { loss, aux, grads } = await fn({ w: row(1, 2), unused: row(5, 6, 7) }, row(3, 4));
      expect(Array.from(await loss.data())).toEqual([9 + 64]);
      expect(Array.from(await aux.z.data())).toEqual([3, 8]);
      expect(Array.from(await aux.twice[0]!.data())).toEqual([3, 8]);
      expect(Array.from(await grads.w.data())).toEqual([18, 64]);
      expect(Array.from(await grads.unused.data())).toEqual([0, 0, 0]);
    }
  });

  it("agrees with central differences", async () => {
    const w = floats([6], 3);
    const loss = (v: tf.Tensor) => tf.sum(tf.mul(tf.sin(v), tf.exp(tf.mul(v, 0.5))));
    const { grads } = await jit((v: tf.Tensor) => valueAndGrad((p: tf.Tensor) => ({ loss: loss(p) }))(v))(w);
    const gradient = await grads.data();
    const value = (x: number) => Math.sin(x) * Math.exp(x / 2);
    for (const [i, x] of w.data.entries())
      expect(gradient[i]).toBeCloseTo((value(x + 1e-5) - value(x - 1e-5)) / 2e-5, 5);
  });

  it("refuses a loss that is no scalar", async () => {
    const fn = jit((x: tf.Tensor) => valueAndGrad((p: tf.Tensor) => ({ loss: tf.neg(p) }))(x).loss);
    await expect(fn(row(1, 2))).rejects.toThrow("loss: expected a scalar, got [2]");
  });

  it("takes gradients of gradients", async () => {
    const cube = (x: tf.Tensor) =>
      valueAndGrad((p: tf.Tensor) => ({ loss: tf.sum(tf.mul(p, tf.square(p))) }))(x).grads;
    const second = (x: tf.Tensor) => valueAndGrad((p: tf.Tensor) => ({ loss: tf.sum(cube(p)) }))(x).grads;
    const [compiled, reference] = [await jit(second)(row(1, 2, 3)), await eager(second)(row(1, 2, 3))];
    expect(Array.from(await compiled.data())).toEqual([6, 12, 18]);
    expect(Array.from(await reference.data())).toEqual([6, 12, 18]);
  });
});

describe("what a compiled function tells", () => {
  const layer = jit((x: tf.Tensor, w: tf.Tensor) => scope("layer", () => tf.relu(tf.matMul(x, w))), {
    name: "layer",
  });
  const args = [floats([64, 32], 1), floats([32, 48], 2)] as const;

  it("its graph", () => {
    expect(layer.print(...args)).toMatchInlineSnapshot(`
      "layer(%0: float32[64, 32], %1: float32[32, 48]) {
        # layer
        %2: float32[64, 48] = BatchMatMul(%0, %1) {transposeA: false, transposeB: false}
        %3: float32[64, 48] = Relu(%2)
        return %3
      }"
    `);
  });

  it("its profile, by operator and by scope, with the products' speed", async () => {
    const { runs, ms, operators, scopes, text } = await layer.profile(...args);
    expect(runs).toBe(5);
    expect(ms).toBeGreaterThan(0);
    const product = operators.find(({ name }) => name.endsWith("Gemm"))!;
    expect(product.count).toBe(1);
    expect(product.gflops).toBeCloseTo((2 * 64 * 32 * 48) / product.ms / 1e6, 6);
    expect(scopes.map(({ name }) => name)).toContain("layer");
    expect(operators.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(text).toMatch(/operator.*nodes.*ms.*share.*GFLOPS.*of limit\n.*Gemm/s);
  });

  it("its model, as an .onnx file", async () => {
    const bytes = await layer.onnx(...args);
    expect(Array.from(bytes.subarray(0, 2))).toEqual([8, 10]); // IR version 10
    expect(Buffer.from(bytes).includes("Gemm")).toBe(true);
  });
});
