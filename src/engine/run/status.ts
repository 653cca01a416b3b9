/**
 * Which devices are here and how fast they are. Each is tried in a process of its own, because a GPU's driver that fails
 * can take its process along and prints what it likes: a chain of matrix products, the same on every device.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../support/package.js";
import { encodeModel } from "../lower/onnx.js";
import { howToGetDevice } from "./advice.js";
import { type DeviceName, deviceNames, probeCpu } from "./device.js";
import { wasmCommand } from "./runtime.js";
import { defaultThreads } from "./session.js";
import { findTensorflow } from "./tensorflow/find.js";

/** Whether a device is here, and what would bring it. */
export interface DeviceStatus {
  readonly name: DeviceName;
  readonly here: boolean;
  /** What it is, or what is wrong with it. */
  readonly detail: string;
  /** The command or condition that brings it, when it is not here. */
  readonly how?: string;
  /** Of a chain of 512 × 512 products; undefined when it is not here. */
  readonly gflops?: number;
  /** Only for `tensorflow`: whether it found a GPU. */
  readonly usesGpu?: boolean;
}

const side = 512;

/** A chain so long that a GPU's time goes into it, and not into bringing the matrices there; for a slow device, one. */
const chains = [1, 16] as const;

/** x ← x·w, so many times. */
function chain(products: number): string {
  const shape = [side, side];
  const bytes = encodeModel({
    name: "speed",
    inputs: [
      { name: "t0", type: "float32", shape },
      { name: "w", type: "float32", shape },
    ],
    outputs: [{ name: `t${products}`, type: "float32", shape }],
    initializers: [],
    nodes: Array.from({ length: products }, (_, i) => ({
      op: "MatMul",
      inputs: [`t${i}`, "w"],
      outputs: [`t${i + 1}`],
    })),
    opsets: { "": 18 },
  });
  return Buffer.from(bytes).toString("base64");
}

// Both print GFLOPS, of the faster of two runs after a first one; the long chain runs only if the short one is quick.
const compiledScript = `
const [url, provider, threads, ...models] = process.argv.slice(1);
const module = await import(url);
const ort = module.InferenceSession ? module : module.default;
if (provider === "wasm") ort.env.wasm.numThreads = Number(threads);
const matrix = () => new ort.Tensor("float32", new Float32Array(${side ** 2}).fill(1 / ${side}), [${side}, ${side}]);
const feeds = { t0: matrix(), w: matrix() };
let gflops;
for (const [i, products] of ${JSON.stringify(chains)}.entries()) {
  const session = await ort.InferenceSession.create(Buffer.from(models[i], "base64"), {
    executionProviders: [provider], intraOpNumThreads: Number(threads), logSeverityLevel: 4,
  });
  let ms = Infinity;
  for (let run = 0; run < 3 && ms > 0; run++) {
    const start = performance.now();
    const x = (await session.run(feeds))["t" + products].data[7];
    if (Math.abs(x * ${side} - 1) > 1e-3) throw new Error("wrong numbers: expected 1 / ${side}, got " + x);
    const took = performance.now() - start;
    if (run > 0 || took > 1000) ms = Math.min(ms, took);
    if (took > 1000) break;
  }
  gflops = 2 * products * ${side} ** 3 / ms / 1e6;
  if (ms > 100) break;
}
console.log(JSON.stringify({ gflops }));
process.exit(0);`;

const tensorflowScript = `
const util = require("node:util");
util.isNullOrUndefined ??= (x) => x === null || x === undefined;
util.isArray ??= Array.isArray;
const tf = require(process.argv[1]);
const matrix = tf.fill([${side}, ${side}], 1 / ${side});
let ms = Infinity;
for (let i = 0; i < 3; i++) {
  const start = performance.now();
  let x = matrix;
  for (let j = 0; j < 16; j++) x = tf.matMul(x, matrix);
  x.dataSync();
  if (i > 0) ms = Math.min(ms, performance.now() - start);
}
const { binding, isUsingGpuDevice } = tf.backend();
const gflops = 2 * 16 * ${side} ** 3 / ms / 1e6;
console.log(JSON.stringify({ gflops, version: binding.TF_Version, usesGpu: isUsingGpuDevice }));
process.exit(0);`;

interface Tried {
  readonly gflops: number;
  readonly version?: string;
  readonly usesGpu?: boolean;
}

/** Runs a script in a process of its own; its answer, or the last thing that it said. */
function tryScript(script: string, args: readonly string[]): Promise<Tried | string> {
  return new Promise((resolve) => {
    // Not as a module: the WebAssembly runtime's threads would inherit the option that says so, and fail at it.
    const child = spawn(process.execPath, ["-e", `(async () => {${script}\n})();`, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
      timeout: 60_000,
    });
    let [output, complaints] = ["", ""];
    child.stdout.on("data", (text: Buffer) => {
      output += text.toString();
    });
    child.stderr.on("data", (text: Buffer) => {
      complaints += text.toString();
    });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => {
      const answer = output.split("\n").find((line) => line.startsWith("{"));
      if (code === 0 && answer) resolve(JSON.parse(answer) as Tried);
      else if (signal) resolve(`its process was ended by ${signal}`);
      else resolve(reasonIn(complaints) ?? `its process ended with exit code ${code}`);
    });
  });
}

/** The message of the error that ended a script, without the path of ONNX Runtime's source. */
function reasonIn(complaints: string): string | undefined {
  const message = /^(?:\w*Error|.*?\[cause\]): (.*)$/m.exec(complaints)?.[1];
  return message?.replace(/^\/onnxruntime_src\/.* was false\. /, "").replace(/^\S*\/onnxruntime\/\S* /, "");
}

const missing = (name: DeviceName, detail: string, how: string): DeviceStatus => ({
  name,
  here: false,
  detail,
  how,
});

async function compiledStatus(
  name: "cpu" | "webgpu" | "cuda" | "wasm",
  describe: () => string | Promise<string>,
): Promise<DeviceStatus> {
  const how = name === "wasm" ? wasmCommand : howToGetDevice[name];
  let url: string;
  try {
    const require = createRequire(join(packageRoot, "package.json"));
    url = pathToFileURL(require.resolve(name === "wasm" ? "onnxruntime-web" : "onnxruntime-node")).href;
  } catch {
    return missing(name, "its package is not installed", how);
  }
  const args = [url, name, String(defaultThreads()), ...chains.map(chain)];
  const tried = await tryScript(compiledScript, args);
  if (typeof tried === "string") return missing(name, tried, how);
  return { name, here: true, detail: await describe(), gflops: tried.gflops };
}

/** Whether a device is here, and how fast it is. */
export async function deviceStatus(name: DeviceName): Promise<DeviceStatus> {
  switch (name) {
    case "cpu":
      return compiledStatus(name, async () => {
        const { block, fault } = await probeCpu();
        const lowering = block === undefined ? "portable convolutions" : `convolutions in blocks of ${block}`;
        return fault === undefined ? lowering : `portable convolutions, for those in blocks failed: ${fault}`;
      });
    case "webgpu":
      return compiledStatus(name, () => "ONNX Runtime on Vulkan, Metal or Direct3D 12");
    case "cuda":
      return compiledStatus(name, () => "ONNX Runtime on CUDA 12");
    case "wasm":
      return compiledStatus(name, () => "ONNX Runtime in WebAssembly");
    case "tensorflow": {
      const found = findTensorflow();
      if (!found) return missing(name, "it is not installed", howToGetDevice.tensorflow);
      const tried = await tryScript(tensorflowScript, [found.folder]);
      if (typeof tried === "string") return missing(name, tried, howToGetDevice.tensorflow);
      const { version, usesGpu = false, gflops } = tried;
      const detail = `TensorFlow ${version} on ${usesGpu ? "a GPU" : "the CPU"}, operation by operation`;
      return { name, here: true, detail, gflops, usesGpu };
    }
  }
}

/** The status of every device, one after the other, so that they do not slow each other down. */
export async function deviceStatuses(names: readonly DeviceName[] = deviceNames): Promise<DeviceStatus[]> {
  const statuses: DeviceStatus[] = [];
  for (const name of names) statuses.push(await deviceStatus(name));
  return statuses;
}
