/**
 * Convolutions and maximum pools with a padding in numbers. TensorFlow.js's native backend has kernels for `same` and
 * `valid` only; here they are made of those of `valid`, with the images padded before and gradients cut after.
 */
import { tf } from "../../tf.js";
import { tensorflowBackend } from "./find.js";

type Named = { readonly [name: string]: tf.Tensor };

/** Of a kernel whose padding is in numbers; the others go on as they are. */
interface Attributes {
  readonly pad: number | readonly Side[];
  /** Of the gradient of a convolution's images. */
  readonly inputShape?: readonly number[];
}

interface Padded {
  readonly pad: (x: tf.Tensor, value?: number) => tf.Tensor;
  /** The inner part of a padded image. */
  readonly cut: (x: tf.Tensor) => tf.Tensor;
  readonly shape: readonly number[];
}

type Side = readonly [number, number];

function padded(shape: readonly number[], padding: number | readonly Side[]): Padded {
  const [, rows, columns] =
    typeof padding === "number"
      ? [
          [0, 0],
          [padding, padding],
          [padding, padding],
        ]
      : padding;
  const pads = [[0, 0], rows, columns, [0, 0]] as [number, number][];
  return {
    pad: (x, value = 0) => tf.pad(x, pads, value),
    cut: (x) =>
      tf.slice(
        x,
        pads.map(([before]) => before),
        [...shape],
      ),
    shape: shape.map((length, axis) => length + pads[axis]![0] + pads[axis]![1]),
  };
}

const run = (kernel: string, inputs: Named, attributes: Attributes): tf.Tensor =>
  tf.engine().runKernel(kernel, { ...inputs }, { ...attributes, pad: "valid" } as unknown as tf.NamedAttrMap);

/** The lowest number that TensorFlow's kernels order below all others. */
const lowest = -3.4028234663852886e38;

const rules: { readonly [kernel: string]: (inputs: Named, attributes: Attributes) => tf.Tensor } = {
  Conv2D: ({ x, filter }, a) => run("Conv2D", { x: padded(x!.shape, a.pad).pad(x!), filter: filter! }, a),
  Conv2DBackpropFilter: ({ x, dy }, a) =>
    run("Conv2DBackpropFilter", { x: padded(x!.shape, a.pad).pad(x!), dy: dy! }, a),
  Conv2DBackpropInput: ({ dy, filter }, a) => {
    const { shape, cut } = padded(a.inputShape!, a.pad);
    return cut(run("Conv2DBackpropInput", { dy: dy!, filter: filter! }, { ...a, inputShape: shape }));
  },
  MaxPool: ({ x }, a) => run("MaxPool", { x: padded(x!.shape, a.pad).pad(x!, lowest) }, a),
  MaxPoolGrad: ({ dy, input, output }, a) => {
    const { pad, cut } = padded(input!.shape, a.pad);
    return cut(run("MaxPoolGrad", { dy: dy!, input: pad(input!, lowest), output: output! }, a));
  },
};

/** Replaces the native backend's kernels by ones that take paddings in numbers too. */
export function acceptNumericPadding(): void {
  for (const [kernelName, rule] of Object.entries(rules)) {
    const native = tf.getKernel(kernelName, tensorflowBackend);
    tf.unregisterKernel(kernelName, tensorflowBackend);
    tf.registerKernel({
      ...native,
      kernelFunc: (parameters) => {
        if (typeof parameters.attrs?.pad === "string") return native.kernelFunc(parameters);
        return rule(parameters.inputs as Named, parameters.attrs as unknown as Attributes);
      },
    });
  }
}
