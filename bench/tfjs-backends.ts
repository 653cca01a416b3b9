/**
 * TensorFlow.js's own backends as peers: the pure JavaScript one, WebAssembly, and the native one of tfjs-node, where
 * these are installed.
 */
import { tf } from "../src/engine/tf.js";
import { packageVersion } from "./versions.js";

/** Makes a backend the current one; gives its name with its version. @throws when it is not installed */
export async function useBackend(name: string): Promise<string> {
  if (name === "wasm") await import("@tensorflow/tfjs-backend-wasm" as string);
  if (!(await tf.setBackend(name)))
    throw new Error(`backend ${name}: TensorFlow.js has none of that name here`);
  await tf.ready();
  return `tfjs ${name} ${packageVersion("@tensorflow/tfjs-core")}`;
}
