/**
 * The lowering for GPUs through WebGPU: standard operators, but for those that ONNX Runtime's provider for it has not. It
 * would run them on the CPU, with what they read and write going over the bus: Sign, which masks the gradient of a ReLU,
 * Sum, and casts of ArgMax's 64-bit numbers, which pooling used.
 *
 * MaxPool has no second output there, the places of the maxima, so the gradient finds them by comparison: for each place in
 * the window, in order of rows, the pixels that lie there in all windows are one strided slice; where they equal the
 * maximum, and no earlier place did, dy is theirs. That is the rule of ONNX Runtime's own indices: the first one wins.
 * Pixels of one phase of the stride are added up, and the phases interleaved.
 */
import type { Node, Value } from "../../graph/graph.js";
import { channelsFirst } from "../layout.js";
import type { Lowering, Target } from "../lowering.js";
import { elementwise } from "./elementwise.js";
import { portable } from "./index.js";

const lowest = -3.4028234663852886e38;

const add = (l: Lowering, terms: readonly string[]): string =>
  terms.reduce((sum, term) => l.emit("Add", [sum, term]));

/** 1 where x is above 0, else 0; NaN counts as 0 here, where a loss that is NaN already says so. */
const positive = (l: Lowering, x: string, dtype: "float32" | "int32"): string =>
  l.cast(l.emit("Greater", [x, l.scalar(0, dtype)]), dtype);

function maxPoolGrad(l: Lowering, node: Node): void {
  const [dy, input, output] = node.inputs as [Value, Value, Value];
  const [n, h, w, c] = input.shape as [number, number, number, number];
  const [, oh, ow] = output.shape as [number, number, number, number];
  const { filterSize, strides, padding } = node.attributes as { readonly [name: string]: readonly number[] };
  const [fh, fw] = filterSize as [number, number];
  const [sh, sw] = strides as [number, number];
  const [top, , left] = padding as [number, number, number, number];
  // So many pixels of each phase of the stride as the windows and the image reach over.
  const rows = Math.max(Math.ceil((top + h) / sh), oh + Math.floor((fh - 1) / sh));
  const columns = Math.max(Math.ceil((left + w) / sw), ow + Math.floor((fw - 1) / sw));
  const pads = [0, 0, top, left, 0, 0, rows * sh - top - h, columns * sw - left - w];
  const padded = l.emit("Pad", [l.image(input, channelsFirst), l.ints(pads), l.scalar(lowest)]);
  const [maxima, gradient] = [l.image(output, channelsFirst), l.image(dy, channelsFirst)];

  const phases: string[][] = Array.from({ length: sh * sw }, () => []);
  let free: string | undefined; // 1 where no place has equalled the maximum yet
  for (let i = 0; i < fh; i++)
    for (let j = 0; j < fw; j++) {
      const ends = [i + (oh - 1) * sh + 1, j + (ow - 1) * sw + 1];
      const place = l.emit("Slice", [padded, l.ints([i, j]), l.ints(ends), l.ints([2, 3]), l.ints([sh, sw])]);
      const equal = l.cast(l.emit("Equal", [place, maxima]), "float32");
      const first: string = free === undefined ? equal : l.emit("Mul", [equal, free]);
      free = free === undefined ? l.emit("Sub", [l.scalar(1), equal]) : l.emit("Sub", [free, first]);
      const [before, beside] = [Math.floor(i / sh), Math.floor(j / sw)];
      const around = [0, 0, before, beside, 0, 0, rows - oh - before, columns - ow - beside];
      phases[(i % sh) * sw + (j % sw)]!.push(
        l.emit("Pad", [l.emit("Mul", [first, gradient]), l.ints(around), l.scalar(0)]),
      );
    }
  const zeros = (): string => l.emit("Expand", [l.scalar(0), l.ints([n, c, rows, columns])]);
  const sums = phases.map((parts) => (parts.length > 0 ? add(l, parts) : zeros()));
  const stacked = l.emit(
    "Concat",
    sums.map((sum) => l.reshape(sum, [n * c, 1, rows, columns])),
    { axis: { i: 1 } },
  );
  const apart = l.transpose(l.reshape(stacked, [n * c, sh, sw, rows, columns]), [0, 3, 1, 4, 2]);
  const whole = l.reshape(apart, [n, c, rows * sh, columns * sw]);
  const cut = l.emit("Slice", [whole, l.ints([top, left]), l.ints([top + h, left + w]), l.ints([2, 3])]);
  l.set(node.outputs[0]!, cut, channelsFirst);
}

export const gpu: Target = {
  ...portable,
  name: "gpu",
  rules: {
    ...portable.rules,
    MaxPoolGrad: maxPoolGrad,
    AddN: elementwise(add),
    Sign: elementwise((l, [x], { inputs }) => {
      const type = inputs[0]!.dtype as "float32" | "int32";
      const negative = l.cast(l.emit("Less", [x!, l.scalar(0, type)]), type);
      return l.emit("Sub", [positive(l, x!, type), negative]);
    }),
    Step: elementwise((l, [x], { inputs, attributes }) => {
      const mask = positive(l, inputs[0]!.dtype === "float32" ? x! : l.cast(x!, "float32"), "float32");
      const alpha = Number(attributes.alpha);
      if (alpha === 0) return mask;
      const rest = l.emit("Mul", [l.emit("Sub", [l.scalar(1), mask]), l.scalar(alpha)]);
      return l.emit("Add", [mask, rest]);
    }),
  },
};
