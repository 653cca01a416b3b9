/** Which versions and which machine a figure belongs to. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { packageVersion } from "../src/support/package.js";

export { version } from "../src/support/package.js";

export const ortVersion: string = packageVersion("onnxruntime-node") ?? "none";

/** The widest vector instructions that this machine names, where the system tells. */
function vectorUnit(): string | undefined {
  try {
    const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    if (/\bavx512f\b/.test(flags)) return "AVX-512";
    if (/\bavx2\b/.test(flags)) return "AVX2";
    if (/\b(asimd|neon)\b/.test(flags)) return "NEON";
  } catch {
    // No such file outside Linux.
  }
  return undefined;
}

/** The processor as the results name it: model, cores, vector instructions. */
export function cpuName(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim().replace(/\s+/g, " ") ?? "unknown";
  return [model, `${processors.length} cores`, vectorUnit()].filter(Boolean).join(", ");
}
