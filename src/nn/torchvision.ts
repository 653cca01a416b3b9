/**
 * Weights of torchvision's networks, by its names and in its layouts (OIHW kernels, [out, in] matrices), as parameters and
 * statistics of ours. The classifier's weights are left out. Layers of ours have torchvision's names, so that a rule a
 * kind of tensor is enough.
 */
import { type HostTensor, hostTensor } from "../engine/host.js";
import { flatten, leafPaths, mapTree } from "../engine/tree.js";
import { DataError, formatShape } from "../support/errors.js";
import type { Layer, Variables } from "./layer.js";

const leafNames: Readonly<Record<string, string>> = {
  kernel: "weight",
  scale: "weight",
  shift: "bias",
  mean: "running_mean",
  variance: "running_var",
};

/** torchvision's name of a parameter or statistic: `layer1.0.conv1.kernel` is its `layer1.0.conv1.weight`. */
export function torchvisionName(path: string): string {
  const parts = path.split(".");
  const leaf = parts.at(-1)!;
  // Its attention holds the weights of queries, keys and values without a layer of their own.
  if (parts.at(-2) === "in_proj")
    return inEncoder([...parts.slice(0, -2), `in_proj_${leafNames[leaf] ?? leaf}`]);
  return inEncoder([...parts.slice(0, -1), leafNames[leaf] ?? leaf]);
}

/** The parts of a ViT that torchvision keeps in a module of their own. */
function inEncoder(parts: readonly string[]): string {
  const inside = ["layers", "ln", "pos_embedding"].includes(parts[0]!);
  return [...(inside ? ["encoder"] : []), ...parts].join(".");
}

/** What a classifier or PyTorch's book-keeping adds. */
const ignored = /^(fc|heads)\.|\.num_batches_tracked$/;

/**
 * The variables of a layer (a ResNet or a ViT) from torchvision's tensors.
 * @param source appears in errors, such as the file's path
 * @throws DataError when a tensor is missing, has another shape, or has no place in the layer
 */
export function fromTorchvision(
  layer: Layer,
  tensors: ReadonlyMap<string, HostTensor>,
  source: string,
): Variables<HostTensor> {
  const like = layer.init([0, 0]);
  const take = (leaf: HostTensor, path: string): HostTensor => {
    const name = torchvisionName(path);
    const tensor = tensors.get(name);
    if (!tensor) throw new DataError(`${source}: tensor ${name} is missing`);
    const expected = path.endsWith("kernel") ? kernelShape(leaf.shape) : leaf.shape;
    if (formatShape(tensor.shape) !== formatShape(expected) || tensor.dtype !== "float32")
      throw new DataError(
        `${source}: tensor ${name}: expected float32 ${formatShape(expected)}, got ${tensor.dtype} ${formatShape(tensor.shape)}`,
      );
    return path.endsWith("kernel") ? kernelOf(tensor, leaf.shape) : tensor;
  };
  const known = new Set([...leafPaths(like.params), ...leafPaths(like.state)].map(torchvisionName));
  const foreign = [...tensors.keys()].filter((name) => !known.has(name) && !ignored.test(name));
  if (foreign.length > 0)
    throw new DataError(
      `${source}: expected tensors of this network only, got ${foreign.length} others, such as ${foreign[0]}`,
    );
  return { params: mapTree(like.params, take), state: mapTree(like.state, take) };
}

/** The shape that PyTorch gives a kernel: the last two axes first, the others after them. */
function kernelShape(shape: readonly number[]): number[] {
  return [shape.at(-1)!, shape.at(-2)!, ...shape.slice(0, -2)];
}

/** [out, in, …] → […, in, out] */
function kernelOf({ data }: HostTensor, shape: readonly number[]): HostTensor {
  const [output, input] = [shape.at(-1)!, shape.at(-2)!];
  const places = data.length / (input * output);
  const out = new Float32Array(data.length);
  for (let o = 0; o < output; o++)
    for (let i = 0; i < input; i++)
      for (let p = 0; p < places; p++)
        out[(p * input + i) * output + o] = data[(o * input + i) * places + p]!;
  return hostTensor(out, shape);
}

/** The tensors that torchvision would have for a network of ours: the other way round. */
export function toTorchvision({ params, state }: Variables<HostTensor>): Map<string, HostTensor> {
  const result = new Map<string, HostTensor>();
  for (const tree of [params, state]) {
    const paths = leafPaths(tree);
    flatten<HostTensor>(tree).leaves.forEach((leaf, i) => {
      const path = paths[i]!;
      result.set(torchvisionName(path), path.endsWith("kernel") ? toKernel(leaf) : leaf);
    });
  }
  return result;
}

/** […, in, out] → [out, in, …] */
function toKernel({ data, shape }: HostTensor): HostTensor {
  const [output, input] = [shape.at(-1)!, shape.at(-2)!];
  const places = data.length / (input * output);
  const out = new Float32Array(data.length);
  for (let o = 0; o < output; o++)
    for (let i = 0; i < input; i++)
      for (let p = 0; p < places; p++)
        out[(o * input + i) * places + p] = data[(p * input + i) * output + o]!;
  return hostTensor(out, kernelShape(shape));
}
