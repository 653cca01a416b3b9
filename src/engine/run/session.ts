/**
 * One compiled model in ONNX Runtime. A session runs in order, keeps its memory arena, and writes results into arrays that
 * it is given, so that nothing is copied: ONNX Runtime reads the inputs' arrays and writes the outputs' where they lie.
 */
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import { DeviceError } from "../../support/errors.js";
import { allocate, sizeOf, type TensorData } from "../host.js";
import type { OnnxModel, OnnxTensorType } from "../lower/onnx.js";

export interface SessionOptions {
  /** Execution providers of ONNX Runtime in order of preference. */
  readonly providers: readonly string[];
  /** Threads within an operation; by default as many as the machine offers. */
  readonly threads?: number;
  /** Writes a profile of all runs to a file with this prefix, until `endProfiling`. */
  readonly profilePrefix?: string;
  readonly optimisation?: "disabled" | "basic" | "extended" | "all";
}

/** The number of threads that a session uses when it is not told otherwise; JESSL_THREADS sets it. */
export function defaultThreads(): number {
  const wanted = Number(process.env.JESSL_THREADS);
  return Number.isInteger(wanted) && wanted > 0 ? wanted : availableParallelism();
}

export class Session {
  readonly inputs: readonly OnnxTensorType[];
  readonly outputs: readonly OnnxTensorType[];
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession, model: OnnxModel) {
    this.#session = session;
    this.inputs = model.inputs;
    this.outputs = model.outputs;
  }

  /**
   * Compiles a model.
   * @param bytes the encoded form of `model`
   * @throws DeviceError when ONNX Runtime refuses it
   */
  static async create(model: OnnxModel, bytes: Uint8Array, options: SessionOptions): Promise<Session> {
    try {
      const session = await ort.InferenceSession.create(bytes, {
        executionProviders: [...options.providers],
        executionMode: "sequential",
        graphOptimizationLevel: options.optimisation ?? "all",
        intraOpNumThreads: options.threads ?? defaultThreads(),
        interOpNumThreads: 1,
        enableCpuMemArena: true,
        enableMemPattern: true,
        logSeverityLevel: 3,
        ...(options.profilePrefix !== undefined && {
          enableProfiling: true,
          profileFilePrefix: options.profilePrefix,
        }),
      });
      return new Session(session, model);
    } catch (cause) {
      throw new DeviceError(
        `${model.name}: ONNX Runtime (${options.providers.join(", ")}) refused it: ${cause}`,
        {
          cause,
        },
      );
    }
  }

  /**
   * Runs the model.
   * @param inputs one array an input, in order
   * @param reusable gives an array for an output if it has one to spare; it is overwritten
   */
  async run(
    inputs: readonly TensorData[],
    reusable: (type: OnnxTensorType) => TensorData | undefined = () => undefined,
  ): Promise<TensorData[]> {
    const feeds: { [name: string]: ort.Tensor } = {};
    for (const [i, type] of this.inputs.entries()) feeds[type.name] = tensor(type, inputs[i]!);
    const fetches: { [name: string]: ort.Tensor } = {};
    const results = this.outputs.map((type) => {
      const data = reusable(type) ?? allocate(type.type as "float32", sizeOf(type.shape));
      fetches[type.name] = tensor(type, data);
      return data;
    });
    await this.#session.run(feeds, fetches);
    return results;
  }

  /** Ends the recording of a profile and writes its file. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

function tensor({ type, shape }: OnnxTensorType, data: TensorData): ort.Tensor {
  return new ort.Tensor(type as "float32", data as Float32Array, shape as number[]);
}
