/**
 * A tensor that lies in a device's memory. ONNX Runtime's Node binding can leave results there and take them as inputs of
 * a later run, but has no way to read them; so they are read by a program that does nothing but to copy its input to a
 * result on the host.
 */
import type * as Ort from "onnxruntime-node";
import { JesslError } from "../../support/errors.js";
import type { TensorData } from "../host.js";
import { encodeModel, type OnnxType } from "../lower/onnx.js";
import { loadRuntime } from "./runtime.js";
import { deviceUse } from "./use.js";

const readers = new Map<string, Promise<Ort.InferenceSession>>();

/** A program that hands a list of numbers of any length through. */
async function createReader(type: OnnxType, provider: string): Promise<Ort.InferenceSession> {
  const { InferenceSession } = await loadRuntime("native");
  const shape = [-1];
  const bytes = encodeModel({
    name: "read",
    inputs: [{ name: "i0", type, shape }],
    outputs: [{ name: "o0", type, shape }],
    initializers: [],
    nodes: [{ op: "Identity", inputs: ["i0"], outputs: ["o0"] }],
    opsets: { "": 18 },
  });
  return InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel: 3 });
}

function readerOf(type: OnnxType, provider: string): Promise<Ort.InferenceSession> {
  const key = `${type} ${provider}`;
  let reader = readers.get(key);
  if (!reader) {
    reader = createReader(type, provider);
    readers.set(key, reader);
  }
  return reader;
}

function bytesOf({ type, size }: Ort.Tensor): number {
  const width = type === "bool" || type === "uint8" ? 1 : type === "float16" ? 2 : 4;
  return size * width;
}

export class Resident {
  readonly #provider: string;
  #tensor: Ort.Tensor | undefined;

  constructor(tensor: Ort.Tensor, provider: string) {
    this.#tensor = tensor;
    this.#provider = provider;
    deviceUse(provider).bytes += bytesOf(tensor);
  }

  /** For ONNX Runtime. @throws JesslError after `dispose` */
  get tensor(): Ort.Tensor {
    if (!this.#tensor)
      throw new JesslError("device memory: expected a tensor that holds data, got one that was disposed");
    return this.#tensor;
  }

  /** A copy of the elements on the host. */
  async read(): Promise<TensorData> {
    const { Tensor } = await loadRuntime("native");
    const { gpuBuffer, type, size } = this.tensor;
    const flat = Tensor.fromGpuBuffer(gpuBuffer, { dataType: type as "float32", dims: [size] });
    const reader = await readerOf(type as OnnxType, this.#provider);
    const { o0 } = await reader.run({ i0: flat });
    return o0!.data as TensorData;
  }

  /** Gives the device's memory back. */
  dispose(): void {
    if (this.#tensor === undefined) return;
    deviceUse(this.#provider).bytes -= bytesOf(this.#tensor);
    this.#tensor.dispose();
    this.#tensor = undefined;
  }
}
