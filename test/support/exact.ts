/**
 * TensorFlow.js's cpu backend in double precision: the exact result that float32 programs are measured against. The
 * backend makes its arrays by the global `Float32Array` and computes in JavaScript's numbers, so that with doubles in the
 * place of that global nothing is rounded to float32 on the way.
 *
 * It also tells how near the inputs of ReLU come to zero. Where the nearest is within the rounding of float32, its sign,
 * and with it a whole term of the gradient, is left to chance: two right programs may differ in it.
 */
import { tf } from "../../src/engine/tf.js";

/** What a computation in double precision gave, and the least |x| > 0 that went into a ReLU. */
export interface Exact<T> {
  readonly value: T;
  readonly margin: number;
}

/** Runs `body` in double precision. Nothing else may run meanwhile. */
export async function inDoubles<T>(body: () => Promise<T>): Promise<Exact<T>> {
  const [single, { platform }] = [globalThis.Float32Array, tf.env()];
  const isTypedArray = platform.isTypedArray;
  const relu = tf.getKernel("Relu", "cpu")!;
  let margin = Number.POSITIVE_INFINITY;
  globalThis.Float32Array = Float64Array as never;
  platform.isTypedArray = ArrayBuffer.isView as never;
  tf.unregisterKernel("Relu", "cpu");
  tf.registerKernel({
    ...relu,
    kernelFunc(call) {
      const { x } = call.inputs as { x: tf.Tensor };
      for (const value of x.dataSync()) if (value !== 0) margin = Math.min(margin, Math.abs(value));
      return relu.kernelFunc(call);
    },
  });
  try {
    return { value: await body(), margin };
  } finally {
    globalThis.Float32Array = single;
    platform.isTypedArray = isTypedArray;
    tf.unregisterKernel("Relu", "cpu");
    tf.registerKernel(relu);
  }
}
