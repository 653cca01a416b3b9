/** What to do when a device is not there: the command that brings it, or what the machine lacks. */
import { join, relative } from "node:path";
import { packageFolder } from "../../support/package.js";

/** As it is run from the current folder, wherever the package lies. */
function cudaCommand(): string {
  const script = join(
    packageFolder("onnxruntime-node") ?? "node_modules/onnxruntime-node",
    "script/install.js",
  );
  const near = relative(process.cwd(), script);
  return `node ${near.startsWith("..") ? script : near} --onnxruntime-node-install=cuda12`;
}

/** The command or the condition that brings a device. */
export const howToGetDevice = {
  cpu: "it comes with npm ci, for x64 and arm64 on Linux, macOS and Windows",
  webgpu:
    "it needs a GPU whose driver offers Vulkan (on Debian: apt-get install libvulkan1 and the GPU's driver), Metal or Direct3D 12",
  cuda: `it needs an NVIDIA GPU with CUDA 12 and cuDNN 9 on Linux x64, and: ${cudaCommand()}`,
  tensorflow: "run: jessl install tensorflow (with --gpu for an NVIDIA GPU)",
} as const;

/** A sentence for the end of the message when a session cannot be created on a provider; empty for other faults. */
export function howToGet(provider: string | undefined, cause: unknown): string {
  const text = String(cause);
  if (provider === "webgpu" && /adapter|vulkan|webgpu_context/i.test(text))
    return `\ndevice webgpu: ${howToGetDevice.webgpu}`;
  if (provider === "cuda" && /providers_cuda|providers_shared|CUDA|cudnn/i.test(text))
    return `\ndevice cuda: ${howToGetDevice.cuda}`;
  return "";
}
