/**
 * Devices tried out: a chain of matrix products, the same on every device, and one in float16. Each trial is a process of
 * its own, because a GPU's driver that fails can take its process along and prints what it likes.
 */
import { spawn } from "node:child_process";
import { encodeModel, type OnnxModel } from "../lower/onnx.js";
import { halfInput, halfModel, halfResult } from "./half.js";
import { defaultThreads } from "./threads.js";

const side = 512;

/** A chain so long that a GPU's time goes into it, and not into bringing the matrices there; for a slow device, one. */
const chains = [1, 16] as const;

const encoded = (model: OnnxModel): string => Buffer.from(encodeModel(model)).toString("base64");

/** x ← x·w, so many times. */
function chain(products: number): string {
  const shape = [side, side];
  return encoded({
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
}

// Both print GFLOPS, of the faster of two runs after a first one; the long chain runs only if the short one is quick.
const compiledScript = `
const [url, provider, threads, halfModel, ...models] = process.argv.slice(1);
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
let half;
if (halfModel) try {
  const session = await ort.InferenceSession.create(Buffer.from(halfModel, "base64"), {
    executionProviders: [provider], logSeverityLevel: 4,
  });
  const { y } = await session.run({ x: new ort.Tensor("float32", new Float32Array(16).fill(${halfInput}), [4, 4]) });
  if (Math.abs(y.data[0] - ${halfResult}) > 1e-3) half = "wrong numbers: expected ${halfResult}, got " + y.data[0];
} catch (error) {
  half = String(error?.message ?? error);
}
console.log(JSON.stringify({ gflops, half }));
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

export interface Tried {
  readonly gflops: number;
  /** What spoke against float16; undefined where it worked, or was not tried. */
  readonly half?: string;
  readonly version?: string;
  readonly usesGpu?: boolean;
}

/** Tries ONNX Runtime at `url` with a provider, and float16 with `half`. What it can do, or what is wrong with it. */
export function tryProvider(url: string, provider: string, half: boolean): Promise<Tried | string> {
  const models = [half ? encoded(halfModel) : "", ...chains.map(chain)];
  return tryScript(compiledScript, [url, provider, String(defaultThreads()), ...models]);
}

/** Tries TensorFlow.js's native backend in a folder. */
export function tryTensorflow(folder: string): Promise<Tried | string> {
  return tryScript(tensorflowScript, [folder]);
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
