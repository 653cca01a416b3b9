/**
 * What the machine can do: a product of two matrices of 2048 × 2048 by ONNX Runtime, a yardstick
 * more than a limit: blocked convolutions can be above it. Figures of the works are given as a share of it.
 */
import type { DeviceTensor } from "../src/engine/device-tensor.js";
import { hostTensor, sizeOf } from "../src/engine/host.js";
import { jit } from "../src/engine/jit.js";
import { tf } from "../src/engine/tf.js";
import { key, uniform } from "../src/random/index.js";

const side = 2048;

/** Floating-point operations of a step. */
export const gemmFlops = 2 * side ** 3;

/** The product as a function that runs it once. */
export function gemmStep(threads: number): () => Promise<number> {
  const matrix = (seed: number) => {
    const shape = [side, side];
    return hostTensor(Float32Array.from(uniform(key(seed), sizeOf(shape))), shape);
  };
  // The third argument only lends its memory to the result.
  const multiply = (a: tf.Tensor2D, b: tf.Tensor2D, _memory: tf.Tensor2D) => tf.matMul(a, b);
  const product = jit(multiply, { name: "gemm", threads, donate: [2] });
  const [a, b] = [matrix(1), matrix(2)];
  let result: DeviceTensor | undefined;
  return async () => {
    result = await product(a, b, result ?? matrix(3));
    return (result.storage() as Float32Array)[0]!;
  };
}
