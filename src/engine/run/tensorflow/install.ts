/**
 * Installs TensorFlow.js's native backend where its own installer cannot: that one downloads libtensorflow 2.9 from one
 * host and, for GPUs, wants CUDA 11. Here the package comes from npm without its scripts, a current libtensorflow and its
 * headers from the TensorFlow wheel on PyPI, and the binding between the two is compiled from the package's source. All of
 * it is made in a temporary folder of the cache, tried out there, and renamed when it works; node_modules is not touched.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../../support/cache.js";
import { DeviceError } from "../../../support/errors.js";
import { checkDisk, findCompiler, findPython, runProgram } from "../../../support/programs.js";
import { installedFolder, packageName, type Variant } from "./find.js";

const tfjsVersion = "4.22.0";
const headersVersion = "1.9.0";
const wheelVersion = "2.21.0";

/** GiB while it is made: the wheel, what is in it, and the CUDA libraries of the GPU variant. */
const neededGiB: { readonly [variant in Variant]: number } = { cpu: 3, gpu: 12 };

export interface InstallOptions {
  readonly variant: Variant;
  /** Is told what is being done. */
  readonly log: (line: string) => void;
  /** Python to use; by default the first of the PATH. */
  readonly python?: string;
  readonly compiler?: string;
}

/**
 * Installs the native backend into the cache.
 * @returns its folder
 * @throws ProgramError, DiskError or DeviceError when something is missing; nothing is left behind then
 */
export function installTensorflow(options: InstallOptions): string {
  const { variant, log } = options;
  const target = installedFolder(variant);
  if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64"))
    throw new DeviceError(
      `install tensorflow: expected Linux on x64 or arm64, got ${process.platform} on ${process.arch}; install @tensorflow/tfjs-node yourself there`,
    );
  const python = options.python ?? findPython(["pip", "zipfile"]);
  const compiler = options.compiler ?? findCompiler();
  checkDisk(target, neededGiB[variant]);
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(`${target}.part-`);
  try {
    log("1/4 libtensorflow from PyPI");
    fetchLibrary(work, variant, python);
    log("2/4 the package from npm");
    const folder = fetchPackage(work, variant);
    linkLibrary(folder);
    log("3/4 compiling the binding");
    compileBinding(work, folder, compiler);
    log("4/4 trying it out");
    tryOut(folder);
    rmSync(target, { recursive: true, force: true });
    renameSync(work, target);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function fetchPackage(work: string, variant: Variant): string {
  const name = packageName[variant];
  const dependencies = { [name]: tfjsVersion, "node-api-headers": headersVersion };
  writeFileSync(join(work, "package.json"), JSON.stringify({ private: true, dependencies }));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel", "error"];
  runProgram(`${name}@${tfjsVersion} from npm`, npm, ["install", "--ignore-scripts", ...quiet], {
    cwd: work,
  });
  return join(work, "node_modules", name);
}

/** Only the shared libraries and the headers of the wheel are wanted, so any Python's wheel will do. */
function fetchLibrary(work: string, variant: Variant, python: string): void {
  const wheels = join(work, "wheels");
  const name = variant === "gpu" ? "tensorflow[and-cuda]" : "tensorflow-cpu";
  const machine = process.arch === "x64" ? "x86_64" : "aarch64";
  const platforms = ["manylinux_2_27", "manylinux_2_17", "manylinux2014"].flatMap((p) => [
    "--platform",
    `${p}_${machine}`,
  ]);
  const which = ["--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp", ...platforms];
  // The library needs none of TensorFlow's Python dependencies, but on a GPU those of CUDA.
  const dependencies = variant === "gpu" ? [] : ["--no-deps"];
  const args = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", ...dependencies, ...which];
  const wheel = `${name}==${wheelVersion}`;
  runProgram(`libtensorflow from PyPI, ${wheel}`, python, [...args, "-d", wheels, wheel]);
  const wanted = variant === "gpu" ? /^(tensorflow|nvidia)/ : /^tensorflow/;
  const site = join(work, "site");
  for (const file of readdirSync(wheels).filter((name) => wanted.test(name)))
    runProgram("unpacking", python, ["-m", "zipfile", "-e", join(wheels, file), site]);
  rmSync(wheels, { recursive: true });
  const tensorflow = join(site, "tensorflow");
  const kept = /^(include|libtensorflow_(cc|framework)\.so\.2)$/;
  for (const entry of readdirSync(tensorflow))
    if (!kept.test(entry)) rmSync(join(tensorflow, entry), { recursive: true });
}

/** Puts the library where the package looks for it. Links are relative: the folder is renamed later. */
function linkLibrary(folder: string): void {
  const lib = join(folder, "deps/lib");
  mkdirSync(lib, { recursive: true });
  const up = "../../../../../site/tensorflow";
  symlinkSync("../../../../site/tensorflow/include", join(folder, "deps/include"));
  for (const [link, file] of [
    ["libtensorflow.so", "libtensorflow_cc.so.2"],
    ["libtensorflow_cc.so.2", "libtensorflow_cc.so.2"],
    ["libtensorflow_framework.so", "libtensorflow_framework.so.2"],
    ["libtensorflow_framework.so.2", "libtensorflow_framework.so.2"],
  ] as const)
    symlinkSync(`${up}/${file}`, join(lib, link));
}

function compileBinding(work: string, folder: string, compiler: string): void {
  const sources = readdirSync(join(folder, "binding")).filter((file) => file.endsWith(".cc"));
  const out = join(folder, "lib/napi-v8");
  mkdirSync(out, { recursive: true });
  const deps = "../../deps";
  runProgram("compiling the binding", compiler, [
    ...["-std=c++17", "-O2", "-fPIC", "-shared", "-w", "-DNAPI_VERSION=8"],
    `-I${join(folder, "deps/include")}`,
    `-I${join(work, "node_modules/node-api-headers/include")}`,
    ...sources.map((file) => join(folder, "binding", file)),
    ...["-o", join(out, "tfjs_binding.node"), `-L${join(folder, "deps/lib")}`],
    ...["-ltensorflow", "-ltensorflow_framework", `-Wl,-rpath,$ORIGIN/${deps}/lib`],
  ]);
}

/** A product on the new backend, in a process of its own. */
function tryOut(folder: string): void {
  const script = `
    const util = require("node:util");
    util.isNullOrUndefined ??= (x) => x === null || x === undefined;
    util.isArray ??= Array.isArray;
    const tf = require(${JSON.stringify(folder)});
    const [x] = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync();
    if (tf.getBackend() !== "tensorflow" || x !== 3) throw new Error("got " + tf.getBackend() + " and " + x);`;
  runProgram("trying it out", process.execPath, ["-e", script], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" },
  });
}

/** Removes what was installed. */
export function removeTensorflow(variant: Variant): void {
  rmSync(installedFolder(variant), { recursive: true, force: true });
}

/** Folders of installations that were cut off, as by a power failure. */
export function abandonedParts(): string[] {
  try {
    return readdirSync(cacheFolder())
      .filter((name) => /^tensorflow-.*\.part-/.test(name))
      .map((name) => cacheFolder(name));
  } catch {
    return [];
  }
}
