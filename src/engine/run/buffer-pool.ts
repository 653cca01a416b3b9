/** Arrays that donated tensors left, by type and size, for the results of later calls. */
import type { ElementType, TensorData } from "../host.js";
import type { OnnxTensorType } from "../lower/onnx.js";

const arrayNames = { float32: "Float32Array", int32: "Int32Array", bool: "Uint8Array", uint8: "Uint8Array" };

/** A store of arrays. */
export class BufferPool {
  readonly #buffers = new Map<string, TensorData[]>();

  give(data: TensorData): void {
    const key = `${data.constructor.name} ${data.length}`;
    const list = this.#buffers.get(key);
    if (list) list.push(data);
    else this.#buffers.set(key, [data]);
  }

  take({ type, shape }: OnnxTensorType): TensorData | undefined {
    const size = shape.reduce((product, length) => product * length, 1);
    return this.#buffers.get(`${arrayNames[type as ElementType]} ${size}`)?.pop();
  }

  clear(): void {
    this.#buffers.clear();
  }
}
