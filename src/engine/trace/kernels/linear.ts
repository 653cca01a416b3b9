/**
 * Matrix products, convolutions and pooling, with their gradients. Convolutions keep TensorFlow.js's layout:
 * images NHWC, filters HWIO. Pads are recorded as numbers `[top, bottom, left, right]`, whatever way they were given.
 */
import { ShapeError } from "../../../support/errors.js";
import type { Attributes, Value } from "../../graph/graph.js";
import { tf } from "../../tf.js";
import { define, type KernelAttributes, record } from "../record.js";

define("BatchMatMul", ({ a, b }, { transposeA, transposeB }) => {
  const rows = a!.shape.at(transposeA ? -1 : -2)!;
  const columns = b!.shape.at(transposeB ? -2 : -1)!;
  const [innerA, innerB] = [a!.shape.at(transposeA ? -2 : -1), b!.shape.at(transposeB ? -1 : -2)];
  if (innerA !== innerB)
    throw new ShapeError(`matMul: expected equal inner lengths, got ${innerA} and ${innerB}`);
  const batch = tf.backend_util.assertAndGetBroadcastShape(
    [...a!.shape.slice(0, -2)],
    [...b!.shape.slice(0, -2)],
  );
  return record(
    [a!, b!],
    { shape: [...batch, rows, columns], dtype: a!.dtype },
    { transposeA: Boolean(transposeA), transposeB: Boolean(transposeB) },
  );
});

type Shape4D = [number, number, number, number];

function convInfo(
  inputShape: readonly number[],
  filterShape: readonly number[],
  a: KernelAttributes,
  depthwise = false,
) {
  if (a.dataFormat && a.dataFormat !== "NHWC")
    throw new ShapeError(`dataFormat: expected NHWC, got ${a.dataFormat}`);
  const info = tf.backend_util.computeConv2DInfo(
    [...inputShape] as Shape4D, [...filterShape] as Shape4D, a.strides, a.dilations ?? 1, a.pad, a.dimRoundingMode, depthwise, "channelsLast",
  ); // biome-ignore format: one argument after the other
  const { top, bottom, left, right } = info.padInfo;
  const attributes: Attributes = {
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    padding: [top, bottom, left, right],
  };
  return { shape: info.outShape, attributes };
}

for (const [kernel, depthwise] of [["Conv2D", false], ["DepthwiseConv2dNative", true]] as const) {
  define(kernel, ({ x, filter }, a) => {
    const { shape, attributes } = convInfo(x!.shape, filter!.shape, a, depthwise);
    return record([x!, filter!], { shape, dtype: "float32" }, attributes);
  });
  const prefix = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
  define(`${prefix}BackpropInput`, ({ dy, filter }, a) => {
    const { attributes } = convInfo(a.inputShape, filter!.shape, a, depthwise);
    return record([dy!, filter!], { shape: a.inputShape, dtype: "float32" }, { ...attributes, inputShape: a.inputShape });
  });
  define(`${prefix}BackpropFilter`, ({ x, dy }, a) => {
    const { attributes } = convInfo(x!.shape, a.filterShape, a, depthwise);
    return record([x!, dy!], { shape: a.filterShape, dtype: "float32" }, { ...attributes, filterShape: a.filterShape });
  });
} // biome-ignore format: two rows

function poolInfo(x: Value, a: KernelAttributes, kind: "max" | "avg") {
  const info = tf.backend_util.computePool2DInfo(
    [...x.shape] as Shape4D,
    a.filterSize,
    a.strides,
    1,
    a.pad,
    a.dimRoundingMode,
  );
  const { top, bottom, left, right } = info.padInfo;
  const attributes: Attributes = {
    kind,
    filterSize: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    padding: [top, bottom, left, right],
  };
  return { shape: info.outShape, attributes };
}

define("MaxPool", ({ x }, a) => {
  const { shape, attributes } = poolInfo(x!, a, "max");
  return record([x!], { shape, dtype: x!.dtype }, attributes);
});
define("AvgPool", ({ x }, a) => {
  const { shape, attributes } = poolInfo(x!, a, "avg");
  return record([x!], { shape, dtype: "float32" }, attributes);
});
define("MaxPoolGrad", ({ dy, input, output }, a) =>
  record(
    [dy!, input!, output!],
    { shape: input!.shape, dtype: "float32" },
    poolInfo(input!, a, "max").attributes,
  ),
);
define("AvgPoolGrad", ({ dy, input }, a) =>
  record(
    [dy!],
    { shape: input!.shape, dtype: "float32" },
    { ...poolInfo(input!, a, "avg").attributes, inputShape: input!.shape },
  ),
);
