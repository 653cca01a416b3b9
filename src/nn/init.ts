/**
 * Initial weights. Convolutions and linear layers before a ReLU: He et al. 2015 (arXiv 1502.01852), a normal of variance
 * 2 / fan, with fan out for convolutions, as torchvision's ResNets have it. Linear layers: PyTorch's default, uniform in
 * ±1/√(fan in).
 */
import { type HostTensor, hostTensor, sizeOf } from "../engine/host.js";
import { type Key, normal, uniform } from "../random/index.js";

/** A normal of standard deviation √(2 / fan). */
export function heNormal(key: Key, shape: readonly number[], fan: number): HostTensor {
  return normalValues(key, shape, Math.sqrt(2 / fan));
}

/** Uniform in ±bound. */
function symmetric(key: Key, shape: readonly number[], bound: number): HostTensor {
  const data = uniform(key, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = (2 * data[i]! - 1) * bound;
  return hostTensor(data, shape);
}

/** Uniform in ±1/√(fan in). */
export function fanInUniform(key: Key, shape: readonly number[], fanIn: number): HostTensor {
  return symmetric(key, shape, 1 / Math.sqrt(fanIn));
}

/** Every element `value`. */
export function filled(shape: readonly number[], value: number): HostTensor {
  return hostTensor(new Float32Array(sizeOf(shape)).fill(value), shape);
}

/** A normal of standard deviation `deviation`. */
export function normalValues(key: Key, shape: readonly number[], deviation: number): HostTensor {
  const data = normal(key, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = data[i]! * deviation;
  return hostTensor(data, shape);
}

/** A [fan in, fan out] matrix, uniform in ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010). */
export function xavierUniform(key: Key, fanIn: number, fanOut: number): HostTensor {
  return symmetric(key, [fanIn, fanOut], Math.sqrt(6 / (fanIn + fanOut)));
}
