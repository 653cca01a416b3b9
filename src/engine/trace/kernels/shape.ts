/**
 * Kernels that move elements and compute nothing: reshape, transpose, slice, concatenate, pad, gather, …, and those that
 * make arrays from numbers, which become constants.
 */
import type { DType, Value } from "../../graph/graph.js";
import { sizeOf } from "../../host.js";
import { tf } from "../../tf.js";
import { traceBackend } from "../backend.js";
import { define, normaliseAxes, record } from "../record.js";

function reshaped(x: Value, shape: readonly number[]): ReturnType<typeof record> {
  return record([x], { shape, dtype: x.dtype }, { shape }, "Reshape");
}

define("Reshape", ({ x }, { shape }) =>
  reshaped(x!, tf.util.inferFromImplicitShape(shape, sizeOf(x!.shape))),
);
define("ExpandDims", ({ input }, { dim }) => {
  const shape = [...input!.shape];
  shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
  return reshaped(input!, shape);
});
define("Transpose", ({ x }, { perm }) =>
  record([x!], { shape: (perm as number[]).map((axis) => x!.shape[axis]!), dtype: x!.dtype }, { perm }),
);
define("Reverse", ({ x }, { dims }) =>
  record([x!], { shape: x!.shape, dtype: x!.dtype }, { axes: normaliseAxes(dims, x!.shape.length) }),
);
define("Tile", ({ x }, { reps }) =>
  record([x!], { shape: x!.shape.map((length, i) => length * reps[i]), dtype: x!.dtype }, { reps }),
);
define("BroadcastTo", ({ x }, { shape }) => record([x!], { shape, dtype: x!.dtype }, { shape }));

define("Slice", ({ x }, attributes) => {
  const [begin, size] = tf.slice_util.parseSliceParams(
    { shape: [...x!.shape] } as unknown as tf.TensorInfo,
    attributes.begin,
    attributes.size,
  );
  return record(
    [x!],
    { shape: size as number[], dtype: x!.dtype },
    { begin: begin as number[], size: size as number[] },
  );
});
define("StridedSlice", ({ x }, a) => {
  const info = tf.slice_util.sliceInfo(
    [...x!.shape], a.begin, a.end, a.strides, a.beginMask, a.endMask, a.ellipsisMask, a.newAxisMask, a.shrinkAxisMask,
  ); // biome-ignore format: one argument after the other
  return record(
    [x!],
    { shape: info.finalShape, dtype: x!.dtype },
    { begin: info.begin, end: info.end, strides: info.strides, shape: info.finalShape },
  );
});
define("Concat", (inputs, { axis }) => {
  const all = Object.values(inputs);
  const along = normaliseAxes(axis, all[0]!.shape.length)[0]!;
  const shape = tf.backend_util.computeOutShape(
    all.map((x) => [...x.shape]),
    along,
  );
  const parts = all.filter((x) => sizeOf(x.shape) > 0);
  if (parts.length === 1) return { value: parts[0]! };
  return record(parts.length ? parts : all, { shape, dtype: all[0]!.dtype }, { axis: along });
});
define("Pack", (inputs, { axis }) => {
  const parts = Object.values(inputs);
  const shape = [...parts[0]!.shape];
  const along = axis < 0 ? axis + shape.length + 1 : axis;
  shape.splice(along, 0, parts.length);
  return record(parts, { shape, dtype: parts[0]!.dtype }, { axis: along });
});
define("Unpack", ({ value }, { axis }) => {
  const along = normaliseAxes(axis, value!.shape.length)[0]!;
  const shape = value!.shape.filter((_, i) => i !== along);
  const outputs = Array.from({ length: value!.shape[along]! }, () => ({ shape, dtype: value!.dtype }));
  return { inputs: [value!], attributes: { axis: along }, outputs };
});
define("SplitV", ({ x }, { numOrSizeSplits, axis }) => {
  const along = normaliseAxes(axis, x!.shape.length)[0]!;
  const sizes = tf.backend_util.prepareSplitSize(
    { shape: [...x!.shape] } as unknown as tf.Tensor,
    numOrSizeSplits,
    along,
  );
  const outputs = sizes.map((size) => ({
    shape: x!.shape.map((length, i) => (i === along ? size : length)),
    dtype: x!.dtype,
  }));
  return { inputs: [x!], attributes: { axis: along, sizes }, outputs };
});
define("PadV2", ({ x }, { paddings, constantValue }) =>
  record(
    [x!],
    { shape: x!.shape.map((length, i) => length + paddings[i][0] + paddings[i][1]), dtype: x!.dtype },
    { paddings, value: constantValue },
  ),
);
define("MirrorPad", ({ x }, { paddings, mode }) =>
  record(
    [x!],
    { shape: x!.shape.map((length, i) => length + paddings[i][0] + paddings[i][1]), dtype: x!.dtype },
    { paddings, mode },
  ),
);
// Each batch gathers from its own part: put the axis behind the batches, and gather from all batches in one row.
function gatherInBatches(x: Value, indices: Value, axis: number, batchDims: number): tf.Tensor {
  const batch = x.shape.slice(0, batchDims);
  const count = sizeOf(batch);
  const length = x.shape[axis]!;
  const between = x.shape.slice(batchDims, axis);
  const after = x.shape.slice(axis + 1);
  const order = x.shape.map((_, i) => i).filter((i) => i !== axis);
  order.splice(batchDims, 0, axis);
  const rows = tf.reshape(tf.transpose(traceBackend.tensor(x), order), [
    count * length,
    ...between,
    ...after,
  ]);
  const starts = traceBackend.constant(
    Int32Array.from({ length: count }, (_, i) => i * length),
    { shape: [count, 1], dtype: "int32" },
  );
  const places = tf.add(tf.reshape(traceBackend.tensor(indices), [count, -1]), starts);
  const picked = tf.reshape(tf.gather(rows, tf.reshape(tf.cast(places, "int32"), [-1])), [
    ...batch,
    ...indices.shape.slice(batchDims),
    ...between,
    ...after,
  ]);
  const own = indices.shape.length - batchDims;
  const rank = picked.rank;
  const back = [
    ...Array.from({ length: batchDims }, (_, i) => i),
    ...between.map((_, i) => batchDims + own + i),
    ...Array.from({ length: own }, (_, i) => batchDims + i),
    ...after.map((_, i) => rank - after.length + i),
  ];
  return tf.transpose(picked, back);
}
define("GatherV2", ({ x, indices }, { axis, batchDims }) => {
  const along = normaliseAxes(axis, x!.shape.length)[0]!;
  if (batchDims)
    return { value: traceBackend.value(gatherInBatches(x!, indices!, along, batchDims), "gather") };
  const shape = [...x!.shape.slice(0, along), ...indices!.shape, ...x!.shape.slice(along + 1)];
  return record([x!, indices!], { shape, dtype: x!.dtype }, { axis: along });
});
define("UnsortedSegmentSum", ({ x, segmentIds }, { numSegments }) =>
  record(
    [x!, segmentIds!],
    { shape: [numSegments, ...x!.shape.slice(segmentIds!.shape.length)], dtype: x!.dtype },
    { numSegments },
  ),
);
define("OneHot", ({ indices }, { depth, onValue, offValue, dtype }) =>
  record(
    [indices!],
    { shape: [...indices!.shape, depth], dtype: (dtype ?? "float32") as DType },
    { depth, onValue, offValue },
  ),
);

function constant(
  data: Float32Array | Int32Array | number,
  shape: readonly number[],
  dtype: DType,
): { value: Value } {
  return { value: traceBackend.recording().constant(data, { shape, dtype }) };
}
define("Fill", (_, { shape, value, dtype }) => constant(value, shape, dtype ?? "float32"));
define("ZerosLike", ({ x }) => constant(0, x!.shape, x!.dtype));
define("OnesLike", ({ x }) => constant(1, x!.shape, x!.dtype));
define("Range", (_, { start, stop, step, dtype }) => {
  const count =
    start === stop || (start < stop && step < 0) || (stop < start && step > 1)
      ? 0
      : Math.abs(Math.ceil((stop - start) / step));
  const data = dtype === "int32" ? new Int32Array(count) : new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = start + i * step;
  return constant(data, [count], dtype ?? "float32");
});
define("LinSpace", (_, { start, stop, num }) => {
  const step = num > 1 ? (stop - start) / (num - 1) : 0;
  return constant(
    Float32Array.from({ length: num }, (_unused, i) => start + i * step),
    [num],
    "float32",
  );
});
