/**
 * Writes ONNX models. A model is a protocol buffer; this file knows the dozen of its fields that a compiled program needs
 * (onnx.proto, IR version 10) and nothing else, so that no generated code and no library is needed.
 */

export type OnnxType = "float32" | "float16" | "int32" | "int64" | "bool" | "uint8";

export interface OnnxTensorType {
  readonly name: string;
  readonly type: OnnxType;
  /** A length of −1 is not known before the model runs. */
  readonly shape: readonly number[];
}

export interface OnnxInitializer extends OnnxTensorType {
  /** Row-major elements; BigInt64Array for int64, Uint16Array (bits) for float16. */
  readonly data: Float32Array | Int32Array | Uint8Array | Uint16Array | BigInt64Array;
}

export type OnnxAttribute =
  | { readonly i: number }
  | { readonly f: number }
  | { readonly s: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] };

export interface OnnxNode {
  readonly op: string;
  readonly domain?: string;
  readonly name?: string;
  /** Names; an optional input that is left out is "". */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: { readonly [name: string]: OnnxAttribute };
}

export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly OnnxTensorType[];
  readonly outputs: readonly OnnxTensorType[];
  readonly initializers: readonly OnnxInitializer[];
  readonly nodes: readonly OnnxNode[];
  /** Versions of operator sets by domain; the standard one is "". */
  readonly opsets: { readonly [domain: string]: number };
  /** What the file says of itself, such as the block size that it was built for. */
  readonly metadata?: { readonly [key: string]: string };
}

/** The metadata that names optimisers of ONNX Runtime which the model must be spared, separated by semicolons. */
export const skippedKey = "jessl.skip";

const elementCodes: { readonly [type in OnnxType]: number } = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** Appends protocol-buffer fields to a buffer that grows. */
class FieldWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  #varint(value: number): void {
    this.#reserve(10);
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 127n) | 128;
      this.#bytes[this.#length++] = Number(rest);
      return;
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 128;
    this.#bytes[this.#length++] = rest;
  }

  int(field: number, value: number): void {
    this.#varint(field << 3);
    this.#varint(value);
  }

  float(field: number, value: number): void {
    this.#varint((field << 3) | 5);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  bytes(field: number, value: Uint8Array): void {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  text(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, write: (inner: FieldWriter) => void): void {
    const inner = new FieldWriter();
    write(inner);
    this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

function writeAttribute(to: FieldWriter, name: string, attribute: OnnxAttribute): void {
  to.text(1, name);
  if ("f" in attribute) {
    to.float(2, attribute.f);
    to.int(20, 1);
  } else if ("i" in attribute) {
    to.int(3, attribute.i);
    to.int(20, 2);
  } else if ("s" in attribute) {
    to.text(4, attribute.s);
    to.int(20, 3);
  } else if ("floats" in attribute) {
    for (const value of attribute.floats) to.float(7, value);
    to.int(20, 6);
  } else {
    for (const value of attribute.ints) to.int(8, value);
    to.int(20, 7);
  }
}

function writeNode(to: FieldWriter, node: OnnxNode): void {
  for (const input of node.inputs) to.text(1, input);
  for (const output of node.outputs) to.text(2, output);
  if (node.name) to.text(3, node.name);
  to.text(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes ?? {}))
    to.message(5, (inner) => writeAttribute(inner, name, attribute));
  if (node.domain) to.text(7, node.domain);
}

function writeTensorType(to: FieldWriter, { name, type, shape }: OnnxTensorType): void {
  to.text(1, name);
  to.message(2, (typeProto) =>
    typeProto.message(1, (tensor) => {
      tensor.int(1, elementCodes[type]);
      tensor.message(2, (dims) => {
        for (const length of shape)
          dims.message(1, (dim) => {
            if (length >= 0) dim.int(1, length);
          });
      });
    }),
  );
}

function writeInitializer(to: FieldWriter, { name, type, shape, data }: OnnxInitializer): void {
  for (const length of shape) to.int(1, length);
  to.int(2, elementCodes[type]);
  to.text(8, name);
  to.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** The bytes of an .onnx file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const file = new FieldWriter();
  file.int(1, 10);
  file.text(2, "jessl");
  file.message(7, (graph) => {
    for (const node of model.nodes) graph.message(1, (inner) => writeNode(inner, node));
    graph.text(2, model.name);
    for (const tensor of model.initializers) graph.message(5, (inner) => writeInitializer(inner, tensor));
    for (const input of model.inputs) graph.message(11, (inner) => writeTensorType(inner, input));
    for (const output of model.outputs) graph.message(12, (inner) => writeTensorType(inner, output));
  });
  for (const [domain, version] of Object.entries(model.opsets))
    file.message(8, (set) => {
      set.text(1, domain);
      set.int(2, version);
    });
  for (const [key, value] of Object.entries(model.metadata ?? {}))
    file.message(14, (entry) => {
      entry.text(1, key);
      entry.text(2, value);
    });
  return file.finish().slice();
}
