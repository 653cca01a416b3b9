/**
 * One compiled model in ONNX Runtime. A session runs in order, keeps its memory arena, and writes results into arrays that
 * it is given, so that nothing is copied: ONNX Runtime reads the inputs' arrays and writes the outputs' where they lie.
 */
import type * as Ort from "onnxruntime-node";
import { DeviceError } from "../../support/errors.js";
import { allocate, sizeOf, type TensorData } from "../host.js";
import { type OnnxModel, type OnnxTensorType, skippedKey } from "../lower/onnx.js";
import { howToGet } from "./advice.js";
import { Resident } from "./resident.js";
import { loadRuntime, type Runtime, type RuntimeName } from "./runtime.js";
import { defaultThreads, threadEntries } from "./threads.js";
import { deviceUse } from "./use.js";

/** Elements on the host or on a device. */
export type Elements = TensorData | Resident;

/** The elements in an array of the host. */
export async function readElements(elements: Elements): Promise<TensorData> {
  return elements instanceof Resident ? elements.read() : elements;
}

export interface SessionOptions {
  /** Execution providers of ONNX Runtime in order of preference. */
  readonly providers: readonly string[];
  /** Which ONNX Runtime; the native one by default. */
  readonly runtime?: RuntimeName;
  /** Results stay in the memory of the first provider's device, but for scalars. */
  readonly resident?: boolean;
  /** Threads within an operation; by default as many as the machine offers. */
  readonly threads?: number | undefined;
  /** Writes a profile of all runs to a file with this prefix, until `endProfiling`. */
  readonly profilePrefix?: string;
  readonly optimisation?: "disabled" | "basic" | "extended" | "all";
  /** Writes the optimised model to this file. */
  readonly saveTo?: string;
}

/**
 * What ONNX Runtime's optimisation leaves out: what the model says, and its search for equal operations, which our own
 * passes share; that takes seconds for a ResNet-50.
 */
function skippedOptimisers({ metadata }: OnnxModel): string {
  return ["CommonSubexpressionElimination", metadata?.[skippedKey] ?? []].flat().join(";");
}

export class Session {
  readonly inputs: readonly OnnxTensorType[];
  readonly outputs: readonly OnnxTensorType[];
  readonly #session: Ort.InferenceSession;
  readonly #runtime: Runtime;
  readonly #device: string;
  /** Whether results stay in the memory of the device. */
  readonly #resident: boolean;
  /** Whether results are written into arrays that it is given: the WebAssembly runtime only ever makes its own. */
  readonly #fills: boolean;

  private constructor(
    session: Ort.InferenceSession,
    runtime: Runtime,
    model: OnnxModel,
    { providers, runtime: runtimeName, resident = false }: SessionOptions,
  ) {
    this.#session = session;
    this.#runtime = runtime;
    const [first = "cpu"] = providers;
    this.#device = first;
    this.#resident = resident;
    this.#fills = !resident && runtimeName !== "wasm";
    deviceUse(first).programs += 1;
    this.inputs = model.inputs;
    this.outputs = model.outputs;
  }

  /**
   * Compiles a model.
   * @param bytes the encoded form of `model`
   * @throws DeviceError when ONNX Runtime refuses it
   */
  static async create(model: OnnxModel, bytes: Uint8Array, options: SessionOptions): Promise<Session> {
    const runtime = await loadRuntime(options.runtime ?? "native");
    const threads = options.threads ?? defaultThreads();
    // The WebAssembly runtime makes its threads once, when the first session is created.
    if (options.runtime === "wasm") runtime.env.wasm.numThreads = threads;
    const [provider] = options.providers;
    try {
      const session = await runtime.InferenceSession.create(bytes, {
        executionProviders: [...options.providers],
        executionMode: "sequential",
        graphOptimizationLevel: options.optimisation ?? "all",
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        enableCpuMemArena: true,
        // A memory pattern is one block for all activations, allocated at the second run beside what the first one took
        // from the arena: about twice the memory for nothing measurable.
        enableMemPattern: false,
        logSeverityLevel: 3,
        extra: {
          "optimization.disable_specified_optimizers": skippedOptimisers(model),
          ...threadEntries(threads),
        },
        ...(options.saveTo !== undefined && { optimizedModelFilePath: options.saveTo }),
        ...(options.resident && {
          preferredOutputLocation: Object.fromEntries(
            model.outputs.map(
              ({ name, shape }) =>
                [name, shape.length === 0 || sizeOf(shape) === 0 ? "cpu" : "gpu-buffer"] as const,
            ),
          ),
        }),
        ...(options.profilePrefix !== undefined && {
          enableProfiling: true,
          profileFilePrefix: options.profilePrefix,
        }),
      });
      return new Session(session, runtime, model, options);
    } catch (cause) {
      throw new DeviceError(
        `${model.name}: ONNX Runtime (${options.providers.join(", ")}) refused it: ${cause}${howToGet(provider, cause)}`,
        { cause },
      );
    }
  }

  /**
   * Runs the model.
   * @param inputs one for each input, in order
   * @param reusable gives an array for the output of a type and place if it has one to spare; it is overwritten
   */
  async run(
    inputs: readonly Elements[],
    reusable: (type: OnnxTensorType, place: number) => TensorData | undefined = () => undefined,
  ): Promise<Elements[]> {
    const feeds: { [name: string]: Ort.Tensor } = {};
    for (const [i, type] of this.inputs.entries()) feeds[type.name] = await this.#input(type, inputs[i]!);
    if (!this.#fills) {
      const results = await this.#session.run(feeds);
      return this.outputs.map(({ name }) => {
        const result = results[name]!;
        return result.location === "cpu" ? (result.data as TensorData) : new Resident(result, this.#device);
      });
    }
    const fetches: { [name: string]: Ort.Tensor } = {};
    const results = this.outputs.map((type, place) => {
      const data = reusable(type, place) ?? allocate(type.type as "float32", sizeOf(type.shape));
      fetches[type.name] = this.#tensor(type, data);
      return data;
    });
    await this.#session.run(feeds, fetches);
    return results;
  }

  /** `run` for a session that leaves its results on the host. */
  async runOnHost(inputs: readonly Elements[]): Promise<TensorData[]> {
    return Promise.all((await this.run(inputs)).map((result) => readElements(result)));
  }

  #tensor({ type, shape }: OnnxTensorType, data: TensorData): Ort.Tensor {
    // ONNX Runtime takes no memory that threads share.
    const own = data.buffer instanceof SharedArrayBuffer ? data.slice() : data;
    return new this.#runtime.Tensor(type as "float32", own as Float32Array, shape as number[]);
  }

  #input(type: OnnxTensorType, elements: Elements): Ort.Tensor | Promise<Ort.Tensor> {
    if (elements instanceof Resident)
      return this.#resident ? elements.tensor : elements.read().then((data) => this.#tensor(type, data));
    return this.#tensor(type, elements);
  }

  /** Ends the recording of a profile and writes its file. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  async dispose(): Promise<void> {
    deviceUse(this.#device).programs -= 1;
    await this.#session.release();
  }
}
