/**
 * Initial weights. Convolutions and linear layers before a ReLU: He et al. 2015 (arXiv 1502.01852), a normal of variance
 * 2 / fan, with fan out for convolutions, as torchvision's ResNets have it. Linear layers: PyTorch's default, uniform in
 * ±1/√(fan in).
 */
import { type HostTensor, hostTensor, sizeOf } from "../engine/host.js";
import { type Key, normal, uniform } from "../random/index.js";

/** A normal of standard deviation √(2 / fan). */
export function heNormal(key: Key, shape: readonly number[], fan: number): HostTensor {
  const scale = Math.sqrt(2 / fan);
  return hostTensor(
    normal(key, sizeOf(shape)).map((value) => value * scale),
    shape,
  );
}

/** Uniform in ±1/√(fan in). */
export function fanInUniform(key: Key, shape: readonly number[], fanIn: number): HostTensor {
  const bound = 1 / Math.sqrt(fanIn);
  return hostTensor(
    uniform(key, sizeOf(shape)).map((value) => (2 * value - 1) * bound),
    shape,
  );
}

/** Every element `value`. */
export function filled(shape: readonly number[], value: number): HostTensor {
  return hostTensor(new Float32Array(sizeOf(shape)).fill(value), shape);
}

/** A normal of standard deviation `deviation`. */
export function normalValues(key: Key, shape: readonly number[], deviation: number): HostTensor {
  return hostTensor(
    normal(key, sizeOf(shape)).map((value) => value * deviation),
    shape,
  );
}

/** A [fan in, fan out] matrix, uniform in ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010). */
export function xavierUniform(key: Key, fanIn: number, fanOut: number): HostTensor {
  const bound = Math.sqrt(6 / (fanIn + fanOut));
  return hostTensor(
    uniform(key, fanIn * fanOut).map((value) => (2 * value - 1) * bound),
    [fanIn, fanOut],
  );
}
