/**
 * A GPU in software, for tests of the device `webgpu`: SwiftShader, which comes with Debian's chromium, through Vulkan's
 * loader. Import it before anything runs on that device.
 */
import { tmpdir } from "node:os";
import type { Part } from "./needs.js";

const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** What a suite needs. */
export const softwareGpu: readonly Part[] = [
  `file:${driver}`,
  `file:/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/libvulkan.so.1`,
];

process.env.VK_DRIVER_FILES = driver;
process.env.VK_ICD_FILENAMES = driver;
process.env.XDG_RUNTIME_DIR ??= tmpdir();
