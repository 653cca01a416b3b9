/** Repeatable test data: a small generator, and host tensors filled by it. */
import { type HostTensor, hostTensor, sizeOf } from "../../src/engine/host.js";

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A float32 tensor of numbers in [low, high). */
export function floats(shape: readonly number[], seed = 1, low = -1, high = 1): HostTensor {
  const next = generator(seed);
  return hostTensor(
    Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next()),
    shape,
  );
}

/** An int32 tensor of numbers in [low, high). */
export function ints(shape: readonly number[], seed = 1, low = 0, high = 10): HostTensor {
  const next = generator(seed);
  return hostTensor(
    Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(low + (high - low) * next())),
    shape,
  );
}

/** A bool tensor, each element true or false with equal chance. */
export function bools(shape: readonly number[], seed = 1): HostTensor {
  const next = generator(seed);
  return hostTensor(
    Uint8Array.from({ length: sizeOf(shape) }, () => (next() < 0.5 ? 0 : 1)),
    shape,
    "bool",
  );
}
