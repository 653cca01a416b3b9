/**
 * `jit` compiles a function over TensorFlow.js tensors: at the first call with arguments of new shapes it is traced,
 * simplified, lowered to ONNX and handed to ONNX Runtime; later calls run the compiled program. On the device `tensorflow`
 * nothing is compiled: the function runs there as it is.
 */
import { writeFileAtomic } from "../support/atomic.js";
import { DeviceError } from "../support/errors.js";
import { type FlatArguments, flattenArguments, type Leaf, leafElements, leafOnHost } from "./arguments.js";
import { type CompileReport, lowerProgram, traceProgram } from "./compile.js";
import { DeviceTensor } from "./device-tensor.js";
import { type AnyFunction, runEagerly } from "./eager.js";
import { printGraph } from "./graph/print.js";
import type { ElementType, TensorData } from "./host.js";
import { BufferPool } from "./run/buffer-pool.js";
import { createSession } from "./run/cached-session.js";
import {
  type Device,
  type DeviceName,
  findDevice,
  type LoweringName,
  noMixedPrecision,
  type Precision,
} from "./run/device.js";
import { overwritable } from "./run/overwrite.js";
import { type Profile, profileModel } from "./run/profile.js";
import { Resident } from "./run/resident.js";
import type { Session, SessionOptions } from "./run/session.js";
import { onTensorflow } from "./run/tensorflow/load.js";
import { deviceUse } from "./run/use.js";
import { tf } from "./tf.js";
import { type Tree, type TreeDefinition, unflatten } from "./tree.js";

export type { CompileReport } from "./compile.js";
export { eager } from "./eager.js";

/** How a function is compiled and where it runs. */
export interface JitOptions {
  /** Where the program runs; by default the CPU. */
  readonly device?: DeviceName;
  /** How the `cpu` device's programs are put into ONNX operators; by default the fastest that is right on this machine. */
  readonly lowering?: LoweringName;
  /**
   * `mixed`: convolutions and matrix products in float16, for `webgpu` and `cuda`; the CPU computes the same numbers, more
   * slowly than in float32, to try it. Arguments and results stay float32.
   */
  readonly precision?: Precision;
  /** Names of scopes whose products stay float32 with mixed precision; by default `views`, `loss` and `probes`. */
  readonly float32Scopes?: readonly string[];
  /**
   * Activations of blocks (see `recomputable`; those of the library's encoders are) are computed again in the backward pass
   * instead of being kept from the forward pass: the same results in less memory and more time. False by default.
   */
  readonly recompute?: boolean | undefined;
  /** The program's name in prints and profiles; by default the function's. */
  readonly name?: string;
  /**
   * Positions of arguments whose device tensors the call may take over: a later result is written into their memory, and
   * they cannot be used afterwards. Give the state that a step replaces.
   */
  readonly donate?: readonly number[];
  /** How many compiled programs are kept, one for each combination of argument shapes; by default 8. */
  readonly cacheSize?: number;
  /** Threads within an operation. */
  readonly threads?: number | undefined;
  /** Is told how long each compilation took. */
  readonly onCompile?: (report: CompileReport) => void;
}

/** The result of a function with every tensor replaced by one that stays on the device. */
export type OnDevice<R> = [Tree<tf.Tensor>] extends [R] // a recursive type must not be unfolded
  ? Tree<DeviceTensor>
  : R extends tf.Tensor
    ? DeviceTensor
    : R extends null | undefined
      ? R
      : { [K in keyof R]: OnDevice<R[K]> };

/** An argument: where the function has a tensor, the call may have any kind of leaf. */
export type Argument<A> = [Tree<tf.Tensor>] extends [A]
  ? Tree<Leaf>
  : A extends tf.Tensor
    ? Leaf
    : A extends null | undefined
      ? A
      : { readonly [K in keyof A]: Argument<A[K]> };

/** The arguments of a compiled function, from those of the function itself. */
export type Arguments<A extends readonly unknown[]> = { [K in keyof A]: Argument<A[K]> };

/** A compiled function: it is called as the function itself, and its results stay on the device. */
export interface Jitted<A extends readonly unknown[], R> {
  /** Runs the function, compiled at the first call with arguments of these shapes. */
  (...args: Arguments<A>): Promise<OnDevice<R>>;
  /** The simplified graph for arguments of these shapes, as text. */
  print(...args: Arguments<A>): string;
  /** The program for arguments of these shapes as the bytes of an .onnx file. */
  onnx(...args: Arguments<A>): Promise<Uint8Array>;
  /** Runs the program a few times and says where the time goes, by operator and by scope; not on `wasm` and `tensorflow`. */
  profile(...args: Arguments<A>): Promise<Profile>;
  /** Writes a profile as a file that Chromium's tracing page (chrome://tracing) or ui.perfetto.dev opens. */
  trace(path: string, ...args: Arguments<A>): Promise<Profile>;
  /** Releases all compiled programs; a later call compiles again. */
  dispose(): Promise<void>;
}

interface Program {
  readonly session: Session;
  readonly result: TreeDefinition;
  readonly types: readonly ElementType[];
  /** By result, the donated argument over which it may be written. */
  readonly overwritable: ReadonlyMap<number, number>;
}

/**
 * The compiled form of `fn`, a pure function from trees of tensors to a tree of tensors.
 * @throws TraceError at a call, when `fn` reads values, uses tensors that are not arguments, or draws random numbers
 */
export function jit<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const name = options.name ?? (fn.name || "program");
  const limit = options.cacheSize ?? 8;
  const donated = new Set(options.donate ?? []);
  const programs = new Map<string, Promise<Program>>();
  const spare = new BufferPool();

  // Tracing sees only trees of tensors; the typed signature is for callers.
  const plain = fn as unknown as AnyFunction;
  const device = () => findDevice(options.device ?? "cpu", options);
  const { recompute, float32Scopes = ["views", "loss", "probes"] } = options;
  const traced = (args: FlatArguments) => traceProgram(name, plain, args);

  /** The places of leaves over which results may be written. */
  const givenBy = ({ positions }: FlatArguments): Set<number> =>
    new Set(positions.flatMap((position, i) => (donated.has(position) ? [i] : [])));

  const compiled = async (args: FlatArguments) => {
    const { graph, result, report } = traced(args);
    const place = await device();
    const given = givenBy(args);
    const lowered = lowerProgram(graph, place, { recompute, float32Scopes, donated: given });
    return { graph, result, place, given, ...lowered, report: { ...report, ...lowered.report } };
  };

  const sessionOptions = ({ providers, runtime, resident }: Device): SessionOptions => ({
    ...{ providers, runtime, resident, threads: options.threads },
  });

  const compile = async (args: FlatArguments): Promise<Program> => {
    const { graph, result, model, bytes, place, given, report } = await compiled(args);
    const start = performance.now();
    const { session, cached } = await createSession(model, bytes, sessionOptions(place));
    options.onCompile?.({ ...report, sessionMs: performance.now() - start, cached });
    return {
      session,
      result,
      types: graph.outputs.map(({ dtype }) => dtype as ElementType),
      overwritable: overwritable(model, given),
    };
  };

  const programFor = (args: FlatArguments): Promise<Program> => {
    const known = programs.get(args.signature);
    const program = known ?? compile(args);
    // Insertion order is the order of use: the first is the one that was not used for longest.
    programs.delete(args.signature);
    programs.set(args.signature, program);
    if (!known) {
      program.catch(() => programs.delete(args.signature));
      const [oldest] = programs;
      if (programs.size > limit && oldest) {
        programs.delete(oldest[0]);
        void oldest[1].then(({ session }) => session.dispose());
      }
    }
    return program;
  };

  /** Takes over what the donated leaves hold, each once, but for those that are taken already. */
  const takeDonated = (args: FlatArguments, taken = new Set<unknown>()): void => {
    for (const [i, leaf] of args.leaves.entries()) {
      if (!(leaf instanceof DeviceTensor) || !donated.has(args.positions[i]!) || taken.has(leaf)) continue;
      taken.add(leaf);
      const storage = leaf.donate();
      if (storage instanceof tf.Tensor || storage instanceof Resident) storage.dispose();
      else spare.give(storage);
    }
  };

  const callTensorflow = async (...values: unknown[]): Promise<unknown> => {
    const args = flattenArguments(values);
    const leaves = await Promise.all(args.leaves.map(leafOnHost));
    const result = onTensorflow(() => runEagerly(name, plain, args, leaves));
    takeDonated(args);
    return result;
  };

  const callCompiled = async (...values: unknown[]): Promise<unknown> => {
    const args = flattenArguments(values);
    const { session, result, types, overwritable: places } = await programFor(args);
    const elements = args.leaves.map(leafElements);
    const overwritten = new Set<unknown>();
    const outputs = await session.run(elements, (type, place) => {
      const i = places.get(place);
      const [leaf, data] = i === undefined ? [] : [args.leaves[i], elements[i]];
      if (!(leaf instanceof DeviceTensor) || leaf.storage() !== data) return spare.take(type);
      // An array that stands for two arguments is still read for the other one.
      if (elements.filter((other) => other === data).length > 1) return spare.take(type);
      overwritten.add(leaf);
      return leaf.donate() as TensorData;
    });
    takeDonated(args, overwritten);
    const tensors = outputs.map((data, i) => new DeviceTensor(data, session.outputs[i]!.shape, types[i]!));
    return unflatten<DeviceTensor>(result, tensors);
  };

  const profile = async (...values: unknown[]): Promise<Profile> => {
    if (options.device === "wasm")
      throw new DeviceError("profile: expected another device, got wasm, whose runtime records none");
    const args = flattenArguments(values);
    const { model, bytes, place } = await compiled(args);
    return profileModel(model, bytes, args.leaves.map(leafElements), sessionOptions(place));
  };

  const methods = {
    profile,
    trace: async (path: string, ...values: unknown[]) => {
      const result = await profile(...values);
      writeFileAtomic(path, JSON.stringify(result.trace));
      return result;
    },
    print: (...values: unknown[]) => printGraph(traced(flattenArguments(values)).graph),
    onnx: async (...values: unknown[]) => (await compiled(flattenArguments(values))).bytes,
    dispose: async () => {
      const all = [...programs.values()];
      programs.clear();
      spare.clear();
      await Promise.allSettled(all.map(async (program) => (await program).session.dispose()));
    },
  };
  if (options.device === "tensorflow" && options.precision === "mixed") throw noMixedPrecision("tensorflow");
  if (options.device === "tensorflow") deviceUse("tensorflow").programs += 1;
  const call = options.device === "tensorflow" ? callTensorflow : callCompiled;
  return Object.assign(call, methods) as unknown as Jitted<A, R>;
}
