/** The layers that networks are built of: convolution, linear, ReLU, pooling. */
import { tf } from "../engine/tf.js";
import { fold } from "../random/index.js";
import { formatShape, ShapeError } from "../support/errors.js";
import { fanInUniform, filled, heNormal } from "./init.js";
import { type LayerFactory, lambda } from "./layer.js";

export interface ConvOptions {
  /** Side length of the kernel. */
  readonly kernel?: number;
  readonly stride?: number;
  /** Whether it has a bias, 0 at first; false by default, for a batch norm follows. */
  readonly bias?: boolean;
}

type ConvParams = { readonly kernel: tf.Tensor4D; readonly bias?: tf.Tensor1D };

/**
 * A convolution, padded by kernel ÷ 2 on every side as in PyTorch:
 * [height, width, in] → [⌈height / stride⌉, ⌈width / stride⌉, channels] for odd kernels.
 */
export function conv(
  channels: number,
  { kernel = 3, stride = 1, bias = false }: ConvOptions = {},
): LayerFactory {
  return (inputShape) => {
    const [height, width, input] = inputShape;
    if (inputShape.length !== 3)
      throw new ShapeError(
        `conv: expected samples of [height, width, channels], got ${formatShape(inputShape)}`,
      );
    const pad = Math.floor(kernel / 2);
    const side = (length: number): number => Math.floor((length + 2 * pad - kernel) / stride) + 1;
    return {
      outputShape: [side(height!), side(width!), channels],
      init: (key) => ({
        params: {
          kernel: heNormal(key, [kernel, kernel, input!, channels], kernel * kernel * channels),
          ...(bias ? { bias: filled([channels], 0) } : {}),
        },
        state: null,
      }),
      apply: ({ params }, x) => {
        const { kernel: weights, bias: b } = params as ConvParams;
        const output = tf.conv2d(x as tf.Tensor4D, weights, stride, pad);
        return { output: b ? tf.add(output, b) : output, state: null };
      },
    };
  };
}

type LinearParams = { readonly kernel: tf.Tensor2D; readonly bias?: tf.Tensor1D };

/** x·W + b: [in] → [units]. */
export function linear(units: number, { bias = true }: { bias?: boolean } = {}): LayerFactory {
  return (inputShape) => {
    const [input] = inputShape;
    if (inputShape.length !== 1)
      throw new ShapeError(`linear: expected samples of [features], got ${formatShape(inputShape)}`);
    return {
      outputShape: [units],
      init: (key) => ({
        params: {
          kernel: fanInUniform(fold(key, 0), [input!, units], input!),
          ...(bias ? { bias: fanInUniform(fold(key, 1), [units], input!) } : {}),
        },
        state: null,
      }),
      apply: ({ params }, x) => {
        const { kernel, bias: b } = params as LinearParams;
        const product = tf.matMul(x as tf.Tensor2D, kernel);
        return { output: b ? tf.add(product, b) : product, state: null };
      },
    };
  };
}

/** max(x, 0). */
export function relu(): LayerFactory {
  return lambda((x) => tf.relu(x));
}

/** The greatest value in windows of `size` × `size`, padded by `pad` on every side with nothing. */
export function maxPool({
  size,
  stride,
  pad = 0,
}: {
  size: number;
  stride: number;
  pad?: number;
}): LayerFactory {
  const side = (length: number): number => Math.floor((length + 2 * pad - size) / stride) + 1;
  return lambda(
    (x) => tf.maxPool(x as tf.Tensor4D, size, stride, pad),
    ([height, width, channels]) => [side(height!), side(width!), channels!],
  );
}

/** The mean over height and width: [height, width, channels] → [channels]. */
export function globalAveragePool(): LayerFactory {
  return lambda(
    (x) => tf.mean(x, [1, 2]),
    (shape) => [shape.at(-1)!],
  );
}
