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
    const [n, h, w, c] = input.shape as [number, number, number, number];
    const [, places] = l.emitAll("MaxPool", [image(l, input)], attributes(node), { outputs: 2 });
    const zeros = l.emit("Expand", [l.scalar(0), l.ints([sizeOf(input.shape)])]);
    const flat = l.ints([-1]);
    const sum = l.emit(
      "ScatterElements",
      [zeros, l.emit("Reshape", [places!, flat]), l.emit("Reshape", [image(l, dy), flat])],
      { axis: { i: 0 }, reduction: { s: "add" } },
    );
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
