/**
 * TensorFlow.js's own backends as peers: the pure JavaScript one, WebAssembly, and the native one of tfjs-node, where
 * these are installed.
 */
import { tensorflowBackend } from "../src/engine/run/tensorflow/find.js";
import { loadTensorflow } from "../src/engine/run/tensorflow/load.js";
import { tf } from "../src/engine/tf.js";
import { packageVersion } from "../src/support/package.js";

/** Makes a backend the current one; gives its name with its version. @throws when it is not installed */
export async function useBackend(name: string): Promise<string> {
  const native = name === tensorflowBackend ? loadTensorflow() : undefined;
  if (name === "wasm") await import("@tensorflow/tfjs-backend-wasm" as string);
  if (!(await tf.setBackend(name)))
    throw new Error(`backend ${name}: TensorFlow.js has none of that name here`);
  await tf.ready();
  const tfjs = `tfjs ${packageVersion("@tensorflow/tfjs-core")}`;
  return native ? `${tfjs}, TensorFlow ${native.version}${native.usesGpu ? " on a GPU" : ""}` : tfjs;
}
