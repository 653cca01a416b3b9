/**
 * The order in which ONNX Runtime executes a model that it optimised itself and wrote to a file. It walks a graph from its
 * results, those of the nodes that come last in the file first, so it puts off what comes first in the file. But it writes
 * a graph that it changed in the order in which it executes it: read again, such a file is walked the other way round, and
 * a training step makes all input gradients before the first filter gradient and keeps what these wait for (ResNet-18: 290
 * MiB more). With the nodes reversed they are executed as they were when they were written. A graph that it did not change
 * it writes as it was given, and that stays.
 */
import type { OnnxModel } from "../lower/onnx.js";

/** Of onnx.proto: the graph of a model and the nodes of a graph, both messages. */
const graphTag = (7 << 3) | 2;
const nodeTag = (1 << 3) | 2;
const nameTag = (3 << 3) | 2;

interface Field {
  readonly tag: number;
  readonly start: number;
  /** Where the content of a message or string begins; for other types of fields, the end. */
  readonly content: number;
  readonly end: number;
}

/** The fields of a protocol-buffer message that lies between two bytes. */
function* fieldsOf(bytes: Uint8Array, from: number, to: number): Generator<Field> {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < to; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError("protocol buffer: expected a number, got the end");
  };
  while (at < to) {
    const start = at;
    const tag = varint();
    const type = tag & 7;
    let content: number | undefined;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      content = at;
      at += length;
    } else throw new RangeError(`protocol buffer: expected a field of type 0, 1, 2 or 5, got ${type}`);
    if (at > to) throw new RangeError("protocol buffer: expected a whole field, got the end");
    yield { tag, start, content: content ?? at, end: at };
  }
}

/**
 * The file that ONNX Runtime wrote of a model, in the order that leads to the same execution.
 * @throws RangeError when it is no .onnx file
 */
export function inOrderOfExecution(file: Uint8Array, model: OnnxModel): Uint8Array {
  const result = Uint8Array.from(file);
  for (const graph of fieldsOf(file, 0, file.length)) {
    if (graph.tag !== graphTag) continue;
    const fields = [...fieldsOf(file, graph.content, graph.end)];
    const nodes = fields.filter(({ tag }) => tag === nodeTag);
    const asGiven =
      nodes.length === model.nodes.length &&
      nodes.every((node, i) => nameOf(file, node) === model.nodes[i]!.name);
    if (asGiven) continue;
    let at = graph.content;
    for (const { start, end } of [...nodes.reverse(), ...fields.filter(({ tag }) => tag !== nodeTag)]) {
      result.set(file.subarray(start, end), at);
      at += end - start;
    }
  }
  return result;
}

function nameOf(file: Uint8Array, node: Field): string | undefined {
  for (const { tag, content, end } of fieldsOf(file, node.content, node.end))
    if (tag === nameTag) return new TextDecoder().decode(file.subarray(content, end));
  return undefined;
}
