/**
 * TensorFlow.js's native backend as the device `tensorflow`: programs run eagerly on it, operation by operation, in
 * TensorFlow's own kernels, on the CPU or with CUDA.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as util from "node:util";
import { DeviceError } from "../../../support/errors.js";
import { tf } from "../../tf.js";
import { howToGetDevice } from "../advice.js";
import { findTensorflow, type NativeBackend, tensorflowBackend } from "./find.js";
import { acceptNumericPadding } from "./padding.js";

// The package calls functions of node:util that Node 23 removed.
function restoreRemovedFunctions(): void {
  const removed = {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  };
  const target = createRequire(import.meta.url)("node:util") as typeof util & Record<string, unknown>;
  for (const [name, fn] of Object.entries(removed)) if (!(name in target)) target[name] = fn;
}

export interface LoadedBackend extends NativeBackend {
  /** Of TensorFlow, such as 2.21.0. */
  readonly version: string;
  readonly usesGpu: boolean;
}

let loaded: LoadedBackend | undefined;

/**
 * Loads the backend; the current backend of TensorFlow.js stays.
 * @throws DeviceError when it is not installed or cannot be loaded
 */
export function loadTensorflow(): LoadedBackend {
  if (loaded) return loaded;
  const found = findTensorflow();
  if (!found) throw new DeviceError(`device tensorflow: it is not installed; ${howToGetDevice.tensorflow}`);
  tf.backend(); // chooses ours if none was chosen yet
  const previous = tf.getBackend();
  const { warn } = console;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  try {
    restoreRemovedFunctions();
    // It brings its own copy of the core, which shares our engine and registers what is registered already, and warns.
    console.warn = () => {};
    createRequire(join(found.folder, "package.json"))(found.folder);
  } catch (cause) {
    throw new DeviceError(
      `device tensorflow: ${found.folder} cannot be loaded: ${(cause as Error).message}; ${howToGetDevice.tensorflow}`,
      { cause },
    );
  } finally {
    console.warn = warn;
  }
  const backend = tf.findBackend(tensorflowBackend) as unknown as
    | { binding: { TF_Version: string }; isUsingGpuDevice: boolean }
    | undefined;
  void tf.setBackend(previous);
  if (!backend)
    throw new DeviceError(`device tensorflow: ${found.folder} registered no backend of that name`);
  acceptNumericPadding();
  loaded = { ...found, version: backend.binding.TF_Version, usesGpu: backend.isUsingGpuDevice };
  return loaded;
}

/** Runs `fn`, which must not wait for anything, with the native backend as the current one. */
export function onTensorflow<R>(fn: () => R): R {
  loadTensorflow();
  const previous = tf.getBackend();
  // Takes effect at once: this backend is made without waiting.
  void tf.setBackend(tensorflowBackend);
  try {
    return fn();
  } finally {
    void tf.setBackend(previous);
  }
}
