/**
 * Kernels that are recorded as others: fused ones as their parts (ONNX Runtime fuses by its own rules), and rare ones as
 * reshapes, transposes and products.
 */
import { tf } from "../../tf.js";
import { compose, type KernelAttributes } from "../record.js";

function activated(
  x: tf.Tensor,
  { activation, leakyreluAlpha }: KernelAttributes,
  alpha?: tf.Tensor,
): tf.Tensor {
  switch (activation) {
    case "relu":
      return tf.relu(x);
    case "relu6":
      return tf.relu6(x);
    case "elu":
      return tf.elu(x);
    case "sigmoid":
      return tf.sigmoid(x);
    case "leakyrelu":
      return tf.leakyRelu(x, leakyreluAlpha);
    case "prelu":
      return tf.prelu(x, alpha!);
    default:
      return x;
  }
}

const finished = (
  x: tf.Tensor,
  { bias, preluActivationWeights }: { readonly [name: string]: tf.Tensor },
  attributes: KernelAttributes,
): tf.Tensor => activated(bias ? tf.add(x, bias) : x, attributes, preluActivationWeights);

compose("_FusedMatMul", (inputs, attributes) =>
  finished(tf.matMul(inputs.a!, inputs.b!, attributes.transposeA, attributes.transposeB), inputs, attributes),
);
for (const [kernel, convolve] of [["FusedConv2D", tf.conv2d], ["FusedDepthwiseConv2D", tf.depthwiseConv2d]] as const)
  compose(kernel, (inputs, a) => {
    const [x, filter] = [inputs.x as tf.Tensor4D, inputs.filter as tf.Tensor4D];
    return finished(convolve(x, filter, a.strides, a.pad, a.dataFormat, a.dilations, a.dimRoundingMode), inputs, a);
  }); // biome-ignore format: two rows

compose("FusedBatchNorm", ({ x, scale, offset, mean, variance }, { varianceEpsilon }) => {
  const deviation = tf.sqrt(tf.add(variance!, varianceEpsilon));
  const normal = tf.div(tf.sub(x!, mean!), deviation);
  const scaled = scale ? tf.mul(normal, scale) : normal;
  return offset ? tf.add(scaled, offset) : scaled;
});

compose("FlipLeftRight", ({ image }) => tf.reverse(image!, 2));

compose("SpaceToBatchND", ({ x }, { blockShape, paddings }) => {
  const blocks = blockShape as number[];
  const padded = tf.pad(x!, [
    [0, 0],
    ...(paddings as [number, number][]),
    ...Array.from({ length: x!.rank - 1 - blocks.length }, (): [number, number] => [0, 0]),
  ]);
  const [batch, ...rest] = padded.shape as [number, ...number[]];
  const parts = blocks.flatMap((block, i) => [rest[i]! / block, block]);
  const after = rest.slice(blocks.length);
  const split = tf.reshape(padded, [batch, ...parts, ...after]);
  const order = [
    ...blocks.map((_, i) => 2 + 2 * i),
    0,
    ...blocks.map((_, i) => 1 + 2 * i),
    ...after.map((_, i) => 1 + 2 * blocks.length + i),
  ];
  const spatial = blocks.map((block, i) => rest[i]! / block);
  const count = blocks.reduce((product, block) => product * block, batch);
  return tf.reshape(tf.transpose(split, order), [count, ...spatial, ...after]);
});

compose("BatchToSpaceND", ({ x }, { blockShape, crops }) => {
  const blocks = blockShape as number[];
  const [count, ...rest] = x!.shape as [number, ...number[]];
  const batch = count / blocks.reduce((product, block) => product * block, 1);
  const after = rest.slice(blocks.length);
  const m = blocks.length;
  const split = tf.reshape(x!, [...blocks, batch, ...rest]);
  const order = [m, ...blocks.flatMap((_, i) => [m + 1 + i, i]), ...after.map((_, i) => 2 * m + 1 + i)];
  const spatial = blocks.map((block, i) => rest[i]! * block);
  const whole = tf.reshape(tf.transpose(split, order), [batch, ...spatial, ...after]);
  const cut = crops as [number, number][];
  const begin = [0, ...cut.map(([start]) => start), ...after.map(() => 0)];
  const size = [batch, ...spatial.map((length, i) => length - cut[i]![0] - cut[i]![1]), ...after];
  return tf.slice(whole, begin, size);
});

compose("DepthToSpace", ({ x }, { blockSize, dataFormat }) => {
  const last = dataFormat === "NHWC";
  const image = last ? x! : tf.transpose(x!, [0, 2, 3, 1]);
  const [n, h, w, c] = image.shape as [number, number, number, number];
  const depth = c / (blockSize * blockSize);
  const split = tf.transpose(tf.reshape(image, [n, h, w, blockSize, blockSize, depth]), [0, 1, 3, 2, 4, 5]);
  const whole = tf.reshape(split, [n, h * blockSize, w * blockSize, depth]);
  return last ? whole : tf.transpose(whole, [0, 3, 1, 2]);
});

// Operands are brought to one order of dimensions, multiplied with broadcasting, and summed, as the equation says.
compose("Einsum", (inputs, { equation }) => {
  const tensors = Object.values(inputs);
  const util = tf.backend_util;
  const { allDims, summedDims, idDims } = util.decodeEinsumEquation(equation, tensors.length);
  util.checkEinsumDimSizes(allDims.length, idDims, tensors);
  const { path, steps } = util.getEinsumComputePath(summedDims, idDims);
  let remaining = allDims.length;
  let out: tf.Tensor | undefined;
  for (const [i, terms] of steps.entries()) {
    for (const term of terms) {
      const { permutationIndices, expandDims } = util.getEinsumPermutation(remaining, idDims[term]!);
      let x = tf.transpose(tensors[term]!, permutationIndices);
      for (const axis of expandDims) x = tf.expandDims(x, axis);
      out = out ? tf.mul(x, out) : x;
    }
    if (i === steps.length - 1) break;
    if (path[i]! >= 0) out = tf.sum(out!, path[i]! - (allDims.length - remaining));
    remaining--;
  }
  return out!;
});
