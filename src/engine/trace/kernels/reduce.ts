/**
 * Kernels that reduce axes, and those that run along one axis (softmax, cumulative sum, largest k).
 * Recorded attributes: `axes` (sorted, from 0) and `keepDims`, or `axis`.
 */
import type { DType, Value } from "../../graph/graph.js";
import { define, type KernelAttributes, normaliseAxes, record } from "../record.js";

function reduction(kernel: string, outputType: (x: Value) => DType): void {
  define(kernel, ({ x }, attributes: KernelAttributes) => {
    const axes = normaliseAxes(attributes.axis ?? attributes.reductionIndices, x!.shape.length);
    const keepDims = Boolean(attributes.keepDims);
    const shape = keepDims
      ? x!.shape.map((length, i) => (axes.includes(i) ? 1 : length))
      : x!.shape.filter((_, i) => !axes.includes(i));
    return record([x!], { shape, dtype: outputType(x!) }, { axes, keepDims });
  });
}

const same = (x: Value): DType => x.dtype;
const summed = (x: Value): DType => (x.dtype === "float32" ? "float32" : "int32");
reduction("Sum", summed);
reduction("Prod", summed);
reduction("Mean", () => "float32");
reduction("Max", same);
reduction("Min", same);
reduction("All", () => "bool");
reduction("Any", () => "bool");

for (const kernel of ["ArgMax", "ArgMin"])
  define(kernel, ({ x }, { axis }) => {
    const along = normaliseAxes(axis, x!.shape.length)[0]!;
    return record([x!], { shape: x!.shape.filter((_, i) => i !== along), dtype: "int32" }, { axis: along });
  });

define("Softmax", ({ logits }, { dim }) =>
  record(
    [logits!],
    { shape: logits!.shape, dtype: logits!.dtype },
    { axis: normaliseAxes(dim, logits!.shape.length)[0]! },
  ),
);
define("LogSoftmax", ({ logits }, { axis }) =>
  record(
    [logits!],
    { shape: logits!.shape, dtype: logits!.dtype },
    { axis: normaliseAxes(axis, logits!.shape.length)[0]! },
  ),
);
for (const kernel of ["Cumsum", "Cumprod"])
  define(kernel, ({ x }, { axis, exclusive, reverse }) =>
    record(
      [x!],
      { shape: x!.shape, dtype: summed(x!) },
      {
        axis: normaliseAxes(axis, x!.shape.length)[0]!,
        exclusive: Boolean(exclusive),
        reverse: Boolean(reverse),
      },
    ),
  );
define("TopK", ({ x }, { k, sorted }) => {
  const shape = [...x!.shape.slice(0, -1), Number(k)];
  return {
    inputs: [x!],
    attributes: { k: Number(k), sorted: Boolean(sorted) },
    outputs: [
      { shape, dtype: x!.dtype },
      { shape, dtype: "int32" },
    ],
  };
});
