/**
 * What a compiled (or eager) function returns: a tensor that stays where it was computed. It can go straight into the
 * next call; its numbers are copied only when they are asked for.
 */
import { formatShape, JesslError } from "../support/errors.js";
import type { ElementType, HostTensor, TensorData } from "./host.js";
import { Resident } from "./run/resident.js";
import { tf } from "./tf.js";

/**
 * Where the elements are: an array that ONNX Runtime reads and writes, the memory of a device, or a tensor of a
 * TensorFlow.js backend.
 */
export type Storage = TensorData | Resident | tf.Tensor;

/** A tensor that lies where it was computed, until its numbers are asked for. */
export class DeviceTensor {
  readonly shape: readonly number[];
  readonly dtype: ElementType;
  #storage: Storage | undefined;
  #gone = "disposed";

  /** For the engine's use: tensors come out of compiled and eager functions. */
  constructor(storage: Storage, shape: readonly number[], dtype: ElementType) {
    this.#storage = storage;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** A copy of the elements, in row-major order. */
  async data(): Promise<TensorData> {
    const storage = this.storage();
    if (storage instanceof tf.Tensor) return (await storage.data()) as TensorData;
    if (storage instanceof Resident) return storage.read();
    return storage.slice();
  }

  /** The tensor on the host. */
  async host(): Promise<HostTensor> {
    return { data: await this.data(), shape: this.shape, dtype: this.dtype };
  }

  /**
   * The elements where they are, for the engine's use.
   * @throws JesslError after `dispose`, or after a call to which the tensor was donated
   */
  storage(): Storage {
    if (!this.#storage)
      throw new JesslError(
        `tensor ${this.dtype} ${formatShape(this.shape)}: expected one that holds data, got one that was ${this.#gone}`,
      );
    return this.#storage;
  }

  /** Takes the elements out, for the engine's use: a donated tensor is empty afterwards. */
  donate(): Storage {
    const storage = this.storage();
    this.#storage = undefined;
    this.#gone = "donated to a later call, which overwrote it";
    return storage;
  }

  /** Lets go of the memory. */
  dispose(): void {
    if (this.#storage instanceof tf.Tensor || this.#storage instanceof Resident) this.#storage.dispose();
    this.#storage = undefined;
  }
}
