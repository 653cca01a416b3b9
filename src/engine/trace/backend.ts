/**
 * The symbolic TensorFlow.js backend. While a function is traced, its tensors hold no numbers: each data id stands for a
 * value of the graph under construction, and each kernel records a node. Whatever would bake a number into the
 * program without being said (random draws, tensors from outside, reading values back) is an error that names it.
 */
import { formatShape, TraceError } from "../../support/errors.js";
import { type DType, type GraphBuilder, splatOf, type Value, type ValueType } from "../graph/graph.js";
import type { TensorData } from "../host.js";
import { tf } from "../tf.js";

export const traceBackendName = "jessl-trace";

// Creators of host data that are deterministic and take no data of the caller's.
const deterministicCreators = /\b(eye_|constantTensor)\b/;
const randomCreators =
  /\b(rand|randomNormal|randomUniform|randomUniformInt|randomStandardNormal|randomGamma|truncatedNormal|dropout)_\b/;
const literalCreators = /\b(tensor|tensor[1-6]d|buffer|oneHot|linspace|range|scalar)_?\b/;

function callers(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  return stack;
}

export class TraceBackend extends tf.KernelBackend {
  /** The graph that is being recorded; undefined between traces. */
  builder: GraphBuilder | undefined;
  #values = new WeakMap<object, Value>();

  /** The tensor that stands for a value. */
  tensor(value: Value): tf.Tensor {
    if (value.dtype === "uint8") throw new TraceError("uint8 value: expected a cast to int32 before its use");
    return tf
      .engine()
      .makeTensorFromDataId(this.dataId(value), [...value.shape], value.dtype as tf.DataType, this);
  }

  /** A new data id that stands for a value. */
  dataId(value: Value): object {
    const dataId = {};
    this.#values.set(dataId, value);
    return dataId;
  }

  /** The value that a tensor stands for. */
  value(tensor: tf.TensorInfo, use: string): Value {
    const value = this.#values.get(tensor.dataId);
    if (!value)
      throw new TraceError(
        `closed-over tensor ${tensor.dtype} ${formatShape(tensor.shape)}, used by ${use}: its numbers would be baked into the ` +
          "compiled program; pass it as an argument of the jitted function, or declare it with constant()",
      );
    return value;
  }

  /** The value that a tensor stands for, if it stands for any. */
  find(tensor: tf.TensorInfo): Value | undefined {
    return this.#values.get(tensor.dataId);
  }

  recording(): GraphBuilder {
    if (!this.builder)
      throw new TraceError("symbolic tensor: expected use while its function is traced, got use after it");
    return this.builder;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const builder = this.recording();
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool")
      throw new TraceError(`host data: expected float32, int32 or bool, got ${dtype}`);
    const data = toTypedArray(values, dtype);
    const stack = callers();
    const random = randomCreators.exec(stack);
    if (random)
      throw new TraceError(
        `tf.${random[1]} ${formatShape(shape)}: its numbers would be drawn once and baked into the compiled program; ` +
          "draw them outside (see jessl's keyed random numbers) and pass them as an argument",
      );
    if (
      data.length !== 1 &&
      splatOf(data) === undefined &&
      data.length > 0 &&
      !deterministicCreators.test(stack)
    ) {
      const creator = literalCreators.exec(stack)?.[1];
      throw new TraceError(
        `${creator ? `tf.${creator}` : "host data"} ${formatShape(shape)}: ${data.length} numbers of the host would be baked into the ` +
          "compiled program; pass them as an argument of the jitted function, or declare them with constant()",
      );
    }
    return this.dataId(builder.constant(data, { shape: [...shape], dtype }));
  }

  /** A declared constant. */
  constant(data: TensorData, type: ValueType): tf.Tensor {
    return this.tensor(this.recording().constant(data, type));
  }

  override move(_dataId: object, _values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    throw new TraceError(
      `closed-over tensor ${dtype} ${formatShape(shape)}: pass it as an argument of the jitted function`,
    );
  }

  override readSync(dataId: object): tf.BackendValues {
    throw this.#noValues("dataSync() or arraySync()", dataId);
  }

  override read(dataId: object): Promise<tf.BackendValues> {
    throw this.#noValues("data() or array()", dataId);
  }

  #noValues(call: string, dataId: object): TraceError {
    const value = this.#values.get(dataId);
    if (!this.builder)
      return new TraceError(
        `symbolic tensor${value ? ` ${value.dtype} ${formatShape(value.shape)}` : ""}: expected use while its function is traced, got ` +
          "use after it; return the tensor from the function instead of keeping it",
      );
    return new TraceError(
      `${call} on ${value ? `${value.dtype} ${formatShape(value.shape)}` : "a tensor"}: a traced tensor has no numbers yet; return it from the ` +
        "jitted function and read it there, and use tf.where instead of if for choices that depend on values",
    );
  }

  override disposeData(): boolean {
    return true;
  }
  override incRef(): void {}
  override refCount(): number {
    return 1;
  }
  override numDataIds(): number {
    return 0;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override timerAvailable(): boolean {
    return false;
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override dispose(): void {}
}

function toTypedArray(values: tf.BackendValues, dtype: Exclude<DType, "uint8">): TensorData {
  const numbers = values as ArrayLike<number>;
  const type = dtype === "float32" ? Float32Array : dtype === "int32" ? Int32Array : Uint8Array;
  // Filled arrays come here as large as the tensors that they fill; what is kept of them is one number.
  return numbers instanceof type && numbers.length > 1 ? numbers : type.from(numbers);
}

/** The one symbolic backend; TensorFlow.js knows it under `traceBackendName`. */
export const traceBackend = new TraceBackend();
tf.registerBackend(traceBackendName, () => traceBackend, 0);
