/** Parts beside Node and npm that only some commands and tests use: where they are looked for, and what brings them. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package.js";

export interface PartStatus {
  readonly name: string;
  readonly here: boolean;
  /** What uses it. */
  readonly use: string;
  /** The command that brings it. */
  readonly how: string;
}

const succeeds = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore", timeout: 60_000 }).status === 0;

/** The Python of the project's .venv, or JESSL_PYTHON. */
export function projectPython(): string {
  const own = join(
    packageRoot,
    process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python",
  );
  return process.env.JESSL_PYTHON ?? own;
}

function hasModules(...modules: string[]): boolean {
  return existsSync(projectPython()) && succeeds(projectPython(), "-c", `import ${modules.join(", ")}`);
}

/** Each part with whether it is here. */
export function partStatuses(): PartStatus[] {
  const debian = (name: string): string => `on Debian: apt-get install ${name}`;
  const lib = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  return [
    {
      name: "python",
      here: succeeds("python3", "-c", "import sys, pip, venv; sys.exit(sys.version_info < (3, 10))"),
      use: "Python 3.10 or newer with pip and venv: jessl install tensorflow, the bench",
      how: debian("python3 python3-pip python3-venv"),
    },
    {
      name: "compiler",
      here: succeeds("g++", "--version") || succeeds("c++", "--version"),
      use: "a C++ compiler: jessl install tensorflow",
      how: debian("g++"),
    },
    {
      name: "pytorch",
      here: hasModules("torch", "torchvision"),
      use: "PyTorch in the project's .venv: the bench",
      how: "npm run build && node dist/bench/setup.js",
    },
    {
      name: "chromium",
      here: existsSync("/usr/bin/chromium"),
      use: "tests in a browser, and a GPU in software for those of webgpu",
      how: debian("chromium"),
    },
    {
      name: "qemu",
      here: succeeds("qemu-x86_64", "--version"),
      use: "QEMU for programs: tests on a processor without AVX-512",
      how: debian("qemu-user"),
    },
    {
      name: "vulkan",
      here: process.platform !== "linux" || existsSync(join(lib, "libvulkan.so.1")),
      use: "Vulkan's loader: the device webgpu on Linux",
      how: debian("libvulkan1"),
    },
  ];
}
