/**
 * Arguments of compiled and eager functions: trees whose leaves are host tensors, device tensors, TensorFlow.js tensors
 * or numbers. A number is a float32 scalar, and an input like any other: it is never part of the compiled program.
 */
import { formatShape, ShapeError } from "../support/errors.js";
import { DeviceTensor } from "./device-tensor.js";
import { type ElementType, type HostTensor, isHostTensor, sizeOf, type TensorData } from "./host.js";
import { Resident } from "./run/resident.js";
import type { Elements } from "./run/session.js";
import { tf } from "./tf.js";
import { definitionKey, flatten, leafPaths, type Tree, type TreeDefinition } from "./tree.js";

/** What stands in the arguments of a compiled function where the function itself has a tensor. */
export type Leaf = HostTensor | DeviceTensor | tf.Tensor | number;

export interface ArgumentType {
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

export interface FlatArguments {
  readonly leaves: readonly Leaf[];
  readonly types: readonly ArgumentType[];
  readonly definition: TreeDefinition;
  /** Equal for two lists of arguments that the same program takes. */
  readonly signature: string;
  /** Per leaf, the position of its argument. */
  readonly positions: readonly number[];
}

function leafType(leaf: Leaf, path: string): ArgumentType {
  if (typeof leaf === "number") return { shape: [], dtype: "float32" };
  if (leaf instanceof DeviceTensor || leaf instanceof tf.Tensor || isHostTensor(leaf)) {
    const { shape, dtype } = leaf;
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool" && dtype !== "uint8")
      throw new ShapeError(`argument ${path}: expected float32, int32, bool or uint8, got ${dtype}`);
    if (isHostTensor(leaf) && leaf.data.length !== sizeOf(shape))
      throw new ShapeError(
        `argument ${path}: expected ${sizeOf(shape)} elements for ${formatShape(shape)}, got ${leaf.data.length}`,
      );
    return { shape, dtype };
  }
  const got = Array.isArray(leaf) ? "an array" : typeof leaf;
  throw new ShapeError(
    `argument ${path}: expected a host tensor, a device tensor, a TensorFlow.js tensor or a number, got ${got} (${String(leaf)})`,
  );
}

/** The leaves of a list of arguments with their types. */
export function flattenArguments(args: readonly unknown[]): FlatArguments {
  const tree = args as Tree<Leaf>;
  const { leaves, definition } = flatten<Leaf>(tree);
  const paths = leafPaths<Leaf>(tree);
  const types = leaves.map((leaf, i) => leafType(leaf, paths[i]!));
  const signature = `${definitionKey(definition)} ${types.map(({ shape, dtype }) => `${dtype}[${shape}]`).join(" ")}`;
  const positions = paths.map((path) => Number.parseInt(path, 10));
  return { leaves, types, definition, signature, positions };
}

/** The elements of a leaf for ONNX Runtime, where they are; not a copy where they are in an array already. */
export function leafElements(leaf: Leaf): Elements {
  if (typeof leaf === "number") return Float32Array.of(leaf);
  const storage = leaf instanceof DeviceTensor ? leaf.storage() : leaf;
  if (storage instanceof tf.Tensor) return storage.dataSync() as TensorData;
  return "data" in storage ? storage.data : storage;
}

/** A leaf as a tensor of the current TensorFlow.js backend; uint8 becomes int32. What is on a device must be read first. */
export function leafTensor(leaf: Leaf): tf.Tensor {
  if (leaf instanceof tf.Tensor) return leaf;
  const storage = leaf instanceof DeviceTensor ? leaf.storage() : undefined;
  if (storage instanceof tf.Tensor) return storage;
  const { shape, dtype } = leafType(leaf, "");
  const data = leafElements(leaf) as TensorData;
  const own = dtype === "uint8" ? Int32Array.from(data) : data.slice();
  return tf.tensor(own, [...shape], dtype === "uint8" ? "int32" : dtype);
}

/** The leaf itself, or a copy on the host of one in the memory of a device. */
export async function leafOnHost(leaf: Leaf): Promise<Leaf> {
  return leaf instanceof DeviceTensor && leaf.storage() instanceof Resident ? leaf.host() : leaf;
}
