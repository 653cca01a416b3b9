/**
 * Host tensors: a typed array with a shape, in row-major order. Data enters a compiled program as host tensors and
 * leaves it as such; they belong to no backend. `uint8` exists so that images travel at a byte a channel; inside a
 * program they are int32, as in TensorFlow.js.
 */
import { formatShape, ShapeError } from "../support/errors.js";

/** What the elements of a tensor are. */
export type ElementType = "float32" | "int32" | "bool" | "uint8";
/** The elements of a tensor, in row-major order. */
export type TensorData = Float32Array | Int32Array | Uint8Array;

/** A tensor in the memory of this process: plain data, to go into compiled functions. */
export interface HostTensor {
  readonly data: TensorData;
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Whether two lists of lengths are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

function naturalType(data: TensorData): ElementType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  return "uint8";
}

/**
 * A host tensor over `data` (not copied).
 * @param dtype by default float32, int32 or uint8, as the array's type says; `bool` wants a Uint8Array of 0 and 1
 * @throws ShapeError when the number of elements or the array's type does not fit
 */
export function hostTensor(data: TensorData, shape: readonly number[], dtype?: ElementType): HostTensor {
  if (shape.some((length) => !Number.isInteger(length) || length < 0))
    throw new ShapeError(`shape: expected lengths of 0 or more, got ${formatShape(shape)}`);
  if (data.length !== sizeOf(shape))
    throw new ShapeError(
      `data: expected ${sizeOf(shape)} elements for ${formatShape(shape)}, got ${data.length}`,
    );
  const type = dtype ?? naturalType(data);
  if (type !== naturalType(data) && !(type === "bool" && data instanceof Uint8Array))
    throw new ShapeError(`dtype: expected ${naturalType(data)} for a ${data.constructor.name}, got ${type}`);
  return { data, shape: [...shape], dtype: type };
}

/** An empty array of the type that holds `dtype`. */
export function allocate(dtype: ElementType, size: number): TensorData {
  if (dtype === "float32") return new Float32Array(size);
  if (dtype === "int32") return new Int32Array(size);
  return new Uint8Array(size);
}

/** A host tensor of zeros. */
export function hostZeros(shape: readonly number[], dtype: ElementType = "float32"): HostTensor {
  return { data: allocate(dtype, sizeOf(shape)), shape: [...shape], dtype };
}

/** A float32 scalar. */
export function hostScalar(value: number): HostTensor {
  return { data: Float32Array.of(value), shape: [], dtype: "float32" };
}

export function isHostTensor(value: unknown): value is HostTensor {
  return (
    typeof value === "object" &&
    value !== null &&
    "data" in value &&
    ArrayBuffer.isView(value.data) &&
    "shape" in value &&
    Array.isArray(value.shape) &&
    "dtype" in value
  );
}
