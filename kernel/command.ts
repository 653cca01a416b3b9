/** How the kernel is started. */
import { join } from "node:path";
import { packageRoot } from "../src/support/package.js";

/** The kernel's executable. */
export const kernelMain: string = join(packageRoot, "dist/kernel/main.js");

/**
 * The command that starts the kernel, for a kernelspec or a client. The flag keeps Node alive where V8 terminates code
 * inside a timer.
 */
export function kernelCommand(connectionFile: string, node: string = process.execPath): string[] {
  return [node, "--no-force-async-hooks-checks", kernelMain, connectionFile];
}

/**
 * Its environment, besides the user's. V8 compiles large functions with a hundred megabytes of memory that it gives back
 * soon; glibc would keep it for the next time, in every thread, above a threshold that grows. Here the threshold is 1 MiB.
 */
export const kernelEnv = { MALLOC_TRIM_THRESHOLD_: String(2 ** 20) } as const;
