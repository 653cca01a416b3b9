/**
 * Pooling and its gradients, channels first. Inference runtimes have no gradient of pooling: that of the maximum adds dy to
 * the places that MaxPool's second output names, that of the average is a transposed convolution with equal weights.
 */
import type { Node, Value } from "../../graph/graph.js";
import { sizeOf } from "../../host.js";
import { channelsFirst } from "../layout.js";
import type { Lowering, LoweringTable } from "../lowering.js";
import type { OnnxAttribute } from "../onnx.js";

function attributes(node: Node): { [name: string]: OnnxAttribute } {
  const { filterSize, strides, padding } = node.attributes as { readonly [name: string]: readonly number[] };
  const [top, bottom, left, right] = padding as [number, number, number, number];
  return {
    kernel_shape: { ints: filterSize! },
    strides: { ints: strides! },
    pads: { ints: [top, left, bottom, right] },
  };
}

const image = (l: Lowering, value: Value): string => l.image(value, channelsFirst);

/** Whether the windows lie side by side within the image: no pixel is in two of them. */
function tiles(node: Node): boolean {
  const { filterSize, strides, padding } = node.attributes as { readonly [name: string]: readonly number[] };
  return filterSize!.every((side, i) => side === strides![i]) && padding!.every((pad) => pad === 0);
}

/**
 * Where windows tile the image, dy goes to the first largest element of each, found by ArgMax: without MaxPool's second
 * output, which not every device has.
 */
function tiledMaxPoolGrad(l: Lowering, node: Node, dy: Value, input: Value): void {
  const [n, h, w, c] = input.shape as [number, number, number, number];
  const [fh, fw] = node.attributes.filterSize as readonly [number, number];
  const [oh, ow] = [Math.floor(h / fh), Math.floor(w / fw)];
  // Rows and columns that fill no window are left out, and get zeros in the end.
  const rest = [h - oh * fh, w - ow * fw] as const;
  const isWhole = rest[0] === 0 && rest[1] === 0;
  const covered = isWhole
    ? image(l, input)
    : l.emit("Slice", [image(l, input), l.ints([0, 0]), l.ints([oh * fh, ow * fw]), l.ints([2, 3])]);
  const windows = l.reshape(l.transpose(l.reshape(covered, [n * c, oh, fh, ow, fw]), [0, 1, 3, 2, 4]), [
    n * c,
    oh,
    ow,
    fh * fw,
  ]);
  const largest = l.cast(l.emit("ArgMax", [windows], { axis: { i: 3 }, keepdims: { i: 1 } }), "float32");
  const places = l.numbers(
    "float32",
    [fh * fw],
    Float32Array.from({ length: fh * fw }, (_, i) => i),
  );
  const chosen = l.cast(l.emit("Equal", [largest, places]), "float32");
  const spread = l.emit("Mul", [chosen, l.reshape(image(l, dy), [n * c, oh, ow, 1])]);
  const rows = l.transpose(l.reshape(spread, [n * c, oh, ow, fh, fw]), [0, 1, 3, 2, 4]);
  const inner = l.reshape(rows, [n, c, oh * fh, ow * fw]);
  const result = isWhole ? inner : l.emit("Pad", [inner, l.ints([0, 0, 0, 0, 0, 0, ...rest])]);
  l.set(node.outputs[0]!, result, channelsFirst);
}

export const poolRules: LoweringTable = {
  MaxPool: (l, node) =>
    l.set(node.outputs[0]!, l.emit("MaxPool", [image(l, node.inputs[0]!)], attributes(node)), channelsFirst),
  AvgPool: (l, node) =>
    l.set(
      node.outputs[0]!,
      l.emit("AveragePool", [image(l, node.inputs[0]!)], attributes(node)),
      channelsFirst,
    ),
  MaxPoolGrad(l, node) {
    const [dy, input] = node.inputs as [Value, Value];
    if (tiles(node)) return tiledMaxPoolGrad(l, node, dy, input);
    const [n, h, w, c] = input.shape as [number, number, number, number];
    const [, places] = l.emitAll("MaxPool", [image(l, input)], attributes(node), { outputs: 2 });
    const flat = l.ints([-1]);
    const gradient = l.emit("Reshape", [image(l, dy), flat]);
    // A zero that is known only when the program runs: ONNX Runtime would keep a constant as large as the image.
    const first = l.emit("Slice", [gradient, l.ints([0]), l.ints([1])]);
    const zero = l.cast(l.emit("Less", [first, first]), "float32");
    const zeros = l.emit("Expand", [zero, l.ints([sizeOf(input.shape)])]);
    const sum = l.emit("ScatterElements", [zeros, l.emit("Reshape", [places!, flat]), gradient], {
      axis: { i: 0 },
      reduction: { s: "add" },
    });
    l.set(node.outputs[0]!, l.reshape(sum, [n, c, h, w]), channelsFirst);
  },
  // TensorFlow.js divides by the whole window's size, also where the window hangs over the border.
  AvgPoolGrad(l, node) {
    const [dy] = node.inputs as [Value];
    const { filterSize, strides, padding, inputShape } = node.attributes as {
      readonly [name: string]: readonly number[];
    };
    const [fh, fw] = filterSize as [number, number];
    const channels = dy.shape[3]!;
    const weight = 1 / (fh * fw);
    const weights = l.emit("Expand", [l.scalar(weight), l.ints([channels, 1, fh, fw])]);
    const pads = [padding![0]! + padding![1]!, padding![2]! + padding![3]!];
    const rest = [0, 1].map(
      (i) => inputShape![i + 1]! - ((dy.shape[i + 1]! - 1) * strides![i]! + filterSize![i]! - pads[i]!),
    );
    const result = l.emit("ConvTranspose", [image(l, dy), weights], {
      ...attributes(node),
      group: { i: channels },
      output_padding: { ints: rest },
    });
    l.set(node.outputs[0]!, result, channelsFirst);
  },
};
